// A crash at any call and at any byte of a write leaves the old content or the new one.
#include "gateway/daemon/state_dir.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "gateway/base/strings.h"
#include "gateway/daemon/file_system.h"
#include "tests/unit/daemon/fake_disk.h"

namespace smcp {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kName = "pushed";
const std::string kOld = "old content\n" + std::string(300, 'o');
const std::string kNew = "new content, longer than the old one\n" + std::string(700, 'n');

using Writer = std::function<absl::Status(FileSystem&, std::string_view content)>;

absl::Status WriteState(FileSystem& files, std::string_view content) {
  auto state = StateDir::Open("/state", files);
  return state.ok() ? (*state)->Write(kName, content) : state.status();
}

std::string ReadState(FakeDisk disk) {
  auto state = StateDir::Open("/state", disk);
  if (!state.ok()) return std::string(ToStd(state.status().message()));
  auto content = (*state)->Read(kName);
  return content.ok() ? *content : "damaged or gone";
}

struct Verdict {
  int crashes = 0;
  int left_old = 0;
  int left_new = 0;
  int left_else = 0;
};

// Every crash there can be while `writer` replaces the old content by the new one.
Verdict CrashEverywhere(const Writer& writer, size_t write_max) {
  FakeDisk before;
  before.write_max = write_max;
  EXPECT_TRUE(WriteState(before, kOld).ok());
  FakeDisk whole = before;
  EXPECT_TRUE(writer(whole, kNew).ok());
  EXPECT_EQ(ReadState(whole), kNew);
  Verdict verdict;
  const auto look = [&](const FakeDisk& disk) {
    const std::string found = ReadState(disk);
    ++(found == kOld ? verdict.left_old : found == kNew ? verdict.left_new : verdict.left_else);
  };
  for (int call = before.calls() + 1; call <= whole.calls(); ++call) {
    for (size_t bytes = 0; bytes <= kNew.size() + 200; bytes += write_max == SIZE_MAX ? 1 : 50) {
      FakeDisk disk = before;
      disk.Kill({call, bytes});
      EXPECT_FALSE(writer(disk, kNew).ok());
      EXPECT_TRUE(disk.dead());
      ++verdict.crashes;
      look(disk.AfterProcessCrash());
      look(disk.AfterPowerCut(/*names_survive=*/false));
      look(disk.AfterPowerCut(/*names_survive=*/true));
    }
  }
  return verdict;
}

TEST(StateDir, ACrashAtAnyByteLeavesTheOldContentOrTheNewOne) {
  for (const size_t write_max : {SIZE_MAX, size_t{100}}) {
    const Verdict verdict = CrashEverywhere(WriteState, write_max);
    EXPECT_EQ(verdict.left_else, 0);
    EXPECT_GT(verdict.left_old, 1000 / static_cast<int>(std::min<size_t>(write_max, 10)));
    EXPECT_GT(verdict.left_new, 0);
    RecordProperty("crashes", verdict.crashes);
  }
}

// The search finds what it is there for: ways to write that look right and are not.
TEST(StateDir, TheSearchFindsWritersThatLoseData) {
  const auto all = [](FileSystem& files, int file, std::string_view text) {
    while (!text.empty()) {
      const auto written = files.Write(file, text);
      if (!written.ok()) return written.status();
      text.remove_prefix(*written);
    }
    return absl::OkStatus();
  };
  const auto sealed = [](std::string_view content) {
    FakeDisk scratch;
    EXPECT_TRUE(WriteState(scratch, content).ok());
    return *scratch.Read("/state/pushed");
  };
  const Writer in_place = [&](FileSystem& files, std::string_view content) {
    const auto file = files.Create("/state/pushed");
    if (!file.ok()) return file.status();
    absl::Status status = all(files, *file, sealed(content));
    return status.ok() ? files.Sync(*file) : status;
  };
  EXPECT_GT(CrashEverywhere(in_place, SIZE_MAX).left_else, 0);
  const Writer without_sync = [&](FileSystem& files, std::string_view content) {
    const auto file = files.Create("/state/pushed.new");
    if (!file.ok()) return file.status();
    absl::Status status = all(files, *file, sealed(content));
    if (status.ok()) status = files.Rename("/state/pushed.new", "/state/pushed");
    return status.ok() ? files.SyncDirectory("/state") : status;
  };
  EXPECT_GT(CrashEverywhere(without_sync, SIZE_MAX).left_else, 0);
}

TEST(StateDir, DamageIsOneClearLine) {
  FakeDisk disk;
  ASSERT_TRUE(WriteState(disk, kOld).ok());
  std::string text = *disk.Read("/state/pushed");
  for (const size_t at : {size_t{3}, text.find('\n') - 1, text.size() - 5}) {
    std::string broken = text;
    broken[at] = static_cast<char>(broken[at] ^ 1);
    FakeDisk damaged;
    const int file = *damaged.Create("/state/pushed");
    ASSERT_TRUE(damaged.Write(file, broken).ok());
    auto state = StateDir::Open("/state", damaged);
    const absl::Status status = (*state)->Read(kName).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(ToStd(status.message())), HasSubstr("/state/pushed: is damaged"));
  }
}

TEST(StateDir, OnARealDiskItReadsBackAndLocksOutASecondGateway) {
  std::string path = (std::filesystem::temp_directory_path() / "smcp-state-XXXXXX").string();
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  {
    auto state = StateDir::Open(path, SystemFiles());
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_TRUE(absl::IsNotFound((*state)->Read(kName).status()));
    ASSERT_TRUE((*state)->Write(kName, kOld).ok());
    ASSERT_TRUE((*state)->Write(kName, kNew).ok());
    EXPECT_EQ(*(*state)->Read(kName), kNew);
    const auto mode = std::filesystem::status((*state)->PathOf(kName)).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto second = StateDir::Open(path, SystemFiles());
    EXPECT_THAT(std::string(ToStd(second.status().message())), HasSubstr("another gateway"));
  }
  EXPECT_EQ(*(*StateDir::Open(path, SystemFiles()))->Read(kName), kNew);
  std::filesystem::remove_all(path);
  const auto none = StateDir::Open(path, SystemFiles());
  EXPECT_THAT(std::string(ToStd(none.status().message())), HasSubstr("mkdir"));
}

}  // namespace
}  // namespace smcp
