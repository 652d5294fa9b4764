// smcp-watchers: many readers of WatchSessions at once. Each keeps its own picture of the node from
// what it is told; at the end every picture has to be the node's own, as ListSessions shows it.
//
// Says "watching" when every watcher has had its first whole set, ends when its input is closed,
// and prints one JSON line; exit code 1 if a picture was wrong.
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "smcp/control/v1/session_service.pb.h"

namespace {

namespace v1 = smcp::control::v1;
using Clock = std::chrono::steady_clock;
using WatchStub = grpc::TemplatedGenericStub<v1::WatchSessionsRequest, v1::SessionChange>;
using ListStub = grpc::TemplatedGenericStub<v1::ListSessionsRequest, v1::ListSessionsResponse>;
using Picture = std::map<std::string, std::string>;  // sid to office

const std::string kService = "/smcp.control.v1.SessionService/";
constexpr std::chrono::seconds kSettleMax{30};
constexpr std::chrono::seconds kStartMax{60};

// What all watchers have been told so far, to wait for more of it.
class Progress {
 public:
  void Note() {
    const std::lock_guard lock(mutex_);
    ++steps_;
    if (waiting_) changed_.notify_one();
  }
  // Looks at `holds` again whenever something has come. One thread at a time.
  template <class F>
  bool WaitUntil(std::chrono::seconds within, F holds) {
    const auto end = Clock::now() + within;
    std::unique_lock lock(mutex_);
    for (waiting_ = true;;) {
      const uint64_t seen = steps_;
      lock.unlock();
      const bool done = holds();
      lock.lock();
      if (done || !changed_.wait_until(lock, end, [&] { return steps_ != seen; })) {
        waiting_ = false;
        return done;
      }
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t steps_ = 0;
  bool waiting_ = false;
};

// One stream. A slow one does not read while `paused`.
class Watcher final : public grpc::ClientBidiReactor<v1::WatchSessionsRequest, v1::SessionChange> {
  template <class F>
  auto Locked(F f) const {
    const std::lock_guard lock(mutex_);
    return f();
  }

 public:
  Watcher(WatchStub& stub, Progress& progress, bool slow) : progress_(progress), slow_(slow) {
    stub.PrepareBidiStreamingCall(&context_, kService + "WatchSessions", {}, this);
    AddHold();  // a paused reader starts its reads from another thread
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&change_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      const std::lock_guard lock(mutex_);
      if (!held_) return;
      held_ = false;
      RemoveHold();
      return;
    }
    Take();
    progress_.Note();
    const std::lock_guard lock(mutex_);
    if (slow_ && paused_ && complete_) {
      waiting_ = true;
      return;
    }
    StartRead(&change_);
  }
  void OnDone(const grpc::Status& status) override {
    // Told under the lock: once ended() can be seen, this watcher may be gone.
    const std::lock_guard lock(mutex_);
    ended_ = true;
    error_ = status.ok() || cancelled_ ? "" : status.error_message();
    progress_.Note();
  }

  void Resume() {
    const std::lock_guard lock(mutex_);
    paused_ = false;
    if (std::exchange(waiting_, false)) StartRead(&change_);
  }
  void Cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (waiting_) StartRead(&change_);  // it fails, which ends the stream
    waiting_ = false;
    context_.TryCancel();
  }

  bool ended() const {
    return Locked([this] { return ended_; });
  }
  bool complete() const {
    return Locked([this] { return complete_; });
  }
  uint64_t messages() const {
    return Locked([this] { return messages_; });
  }
  uint64_t resets() const {
    return Locked([this] { return resets_; });
  }
  std::string error() const {
    return Locked([this] { return error_; });
  }
  Picture picture() const {
    return Locked([this] { return picture_; });
  }

 private:
  void Take() {
    const std::lock_guard lock(mutex_);
    ++messages_;
    switch (change_.change_case()) {
      case v1::SessionChange::kAdded:
        picture_[change_.added().sid()] = change_.added().office_id();
        return;
      case v1::SessionChange::kModified:
        picture_[change_.modified().sid()] = change_.modified().office_id();
        return;
      case v1::SessionChange::kRemoved:
        picture_.erase(change_.removed().sid());
        return;
      case v1::SessionChange::kReset:
        ++resets_;
        picture_.clear();
        return;
      case v1::SessionChange::kBookmark:
        complete_ |= change_.bookmark().initial_set_complete();
        return;
      case v1::SessionChange::CHANGE_NOT_SET:
        return;
    }
  }

  Progress& progress_;
  const bool slow_;
  grpc::ClientContext context_;
  v1::WatchSessionsRequest request_;
  v1::SessionChange change_;
  mutable std::mutex mutex_;
  Picture picture_;
  uint64_t messages_ = 0;
  uint64_t resets_ = 0;
  bool complete_ = false;
  bool paused_ = true;
  bool waiting_ = false;
  bool cancelled_ = false;
  bool held_ = true;
  bool ended_ = false;
  std::string error_;
};

// The node's own picture; empty with *ok false if it cannot be had.
Picture ListAll(ListStub& stub, bool* ok) {
  Picture picture;
  v1::ListSessionsRequest request;
  request.set_page_size(1000);
  for (*ok = true;;) {
    grpc::ClientContext context;
    v1::ListSessionsResponse page;
    std::promise<grpc::Status> answered;
    stub.UnaryCall(&context, kService + "ListSessions", {}, &request, &page,
                   [&answered](grpc::Status status) { answered.set_value(std::move(status)); });
    const grpc::Status status = answered.get_future().get();
    if (!status.ok()) {
      std::fprintf(stderr, "smcp-watchers: ListSessions: %s\n", status.error_message().c_str());
      *ok = false;
      return {};
    }
    for (const auto& session : page.sessions()) picture[session.sid()] = session.office_id();
    if (page.next_page_token().empty()) return picture;
    request.set_page_token(page.next_page_token());
  }
}

template <class P>
bool All(const std::vector<std::unique_ptr<Watcher>>& watchers, P holds) {
  return std::all_of(watchers.begin(), watchers.end(),
                     [&](const std::unique_ptr<Watcher>& watcher) { return holds(*watcher); });
}

// The first `reading` of them are read all the time.
void Report(const std::vector<std::unique_ptr<Watcher>>& all, size_t reading, const Picture& truth,
            double settle) {
  uint64_t messages = 0;
  uint64_t resets = 0;
  uint64_t slow_resets = 0;
  uint32_t wrong = 0;
  std::string error;
  for (size_t i = 0; i < all.size(); ++i) {
    messages += all[i]->messages();
    (i < reading ? resets : slow_resets) += all[i]->resets();
    wrong += all[i]->picture() == truth ? 0 : 1;
    if (!all[i]->error().empty()) error = all[i]->error();
  }
  std::printf(
      "{\"watchers\":%zu,\"slow\":%zu,\"messages\":%llu,\"resets\":%llu,\"slow_resets\":%llu,"
      "\"wrong\":%u,\"rows\":%zu,\"settle_seconds\":%.2f,\"error\":\"%s\"}\n",
      reading, all.size() - reading, static_cast<unsigned long long>(messages),
      static_cast<unsigned long long>(resets), static_cast<unsigned long long>(slow_resets), wrong,
      truth.size(), settle, error.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Many readers of WatchSessions at once, checked against ListSessions.");
  std::string address;
  uint32_t watchers = 100;
  uint32_t slow = 0;
  app.add_option("--address", address, "host:port of the control interface")->required();
  app.add_option("--watchers", watchers, "streams that are read")->check(CLI::Range(0, 1000));
  app.add_option("--slow", slow, "streams that are not read meanwhile")->check(CLI::Range(0, 100));
  CLI11_PARSE(app, argc, argv);

  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::vector<WatchStub> stubs;
  for (int i = 0; i < 8; ++i) {
    channels.push_back(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    stubs.emplace_back(channels.back());
  }
  Progress progress;
  std::vector<std::unique_ptr<Watcher>> all;
  for (uint32_t i = 0; i < watchers + slow; ++i) {
    // A connection of its own for the slow ones: what they leave unread must not fill the others'.
    const size_t stub = i < watchers ? i % 7 : 7;
    all.push_back(std::make_unique<Watcher>(stubs[stub], progress, i >= watchers));
  }
  const bool started = progress.WaitUntil(kStartMax, [&] {
    return All(all, [](const Watcher& w) { return w.complete() || w.ended(); });
  });
  if (started) {
    std::puts("watching");
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
  }
  for (const auto& watcher : all) watcher->Resume();
  ListStub lister(channels.front());
  Picture truth;
  const auto settle_begin = Clock::now();
  const bool right = started && progress.WaitUntil(kSettleMax, [&] {
    bool listed = true;
    truth = ListAll(lister, &listed);
    return listed && All(all, [&](const Watcher& w) { return w.picture() == truth; });
  });
  Report(all, watchers, truth, std::chrono::duration<double>(Clock::now() - settle_begin).count());
  for (const auto& watcher : all) watcher->Cancel();
  const bool ended = progress.WaitUntil(
      kSettleMax, [&] { return All(all, [](const Watcher& w) { return w.ended(); }); });
  return ended && right ? 0 : 1;
}
