#include "gateway/runtime/shard.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <limits>
#include <string>

#include "gateway/base/check.h"

namespace smcp {
namespace {

thread_local const Shard* current = nullptr;

}  // namespace

Shard::Shard(uint16_t index)
    : index_(index),
      work_(boost::asio::make_work_guard(io_)),
      timers_(clock_.NowMs()),
      tick_(io_.get_executor()) {
  timers_.set_on_earlier([this] { ArmTick(); });
}

Shard::~Shard() {
  Stop();
  Join();
}

void Shard::Post(Task task) {
  boost::asio::post(io_, [this, task = std::move(task)]() mutable {
    ++tasks_begun_;
    std::move(task)();
  });
}

bool Shard::IsCurrent() const { return current == this; }

void Shard::AssertCurrent() const { SMCP_CHECK(IsCurrent()); }

int Shard::CurrentIndex() { return current == nullptr ? -1 : current->index_; }

void Shard::Start() {
  Post([this] { ArmTick(); });
  thread_ = std::thread([this] { Run(); });
  const std::string name = "shard-" + std::to_string(index_);
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

void Shard::Stop() { io_.stop(); }

void Shard::Join() {
  if (thread_.joinable()) thread_.join();
}

void Shard::Run() {
  current = this;
  io_.run();
  current = nullptr;
}

void Shard::ArmTick() {
  const int64_t look_ms = timers_.NextLookMs();
  if (look_ms == std::numeric_limits<int64_t>::max()) return;
  tick_.expires_at(std::chrono::steady_clock::time_point(Millis(look_ms)));
  tick_.async_wait([this](boost::system::error_code error) {
    if (!error) OnTick();
  });
}

void Shard::OnTick() {
  timers_.Advance(clock_.NowMs());
  ArmTick();
}

}  // namespace smcp
