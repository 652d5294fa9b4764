// A copy of a text that touches a page nobody may read, so that a codec which reads one byte too
// many dies at once, also where the read happens in a library that no sanitizer looks into.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <string_view>

#include "gateway/base/check.h"

namespace smcp {

class GuardedText {
 public:
  enum class Side { kBefore, kBehind };

  GuardedText(std::string_view text, Side side) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t room = (text.size() / page + 1) * page;
    bytes_ = room + 2 * page;
    map_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SMCP_CHECK(map_ != MAP_FAILED);
    char* const start = static_cast<char*>(map_) + page;
    SMCP_CHECK(mprotect(map_, page, PROT_NONE) == 0);
    SMCP_CHECK(mprotect(start + room, page, PROT_NONE) == 0);
    char* const at = side == Side::kBefore ? start : start + room - text.size();
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    text_ = {at, text.size()};
  }
  ~GuardedText() { munmap(map_, bytes_); }
  GuardedText(const GuardedText&) = delete;
  GuardedText& operator=(const GuardedText&) = delete;

  std::string_view view() const { return {text_.data(), text_.size()}; }
  std::span<char> span() const { return text_; }

 private:
  void* map_ = nullptr;
  size_t bytes_ = 0;
  std::span<char> text_;
};

}  // namespace smcp
