#include "gateway/net/ws_reactor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/give_back.h"
#include "gateway/net/ws_connection.h"

namespace smcp::net {
namespace {

// Larger batches would let timers and posts of the shard wait.
constexpr int kBatchMax = 128;
// How often a flush lets tasks that came meanwhile go first.
constexpr int kFlushRoundsMax = 32;
// Behind a batch of this size there is likely another one. To look costs less than to wait: waiting
// goes through Asio, which changes and polls its own epoll for it.
constexpr int kBusyBatch = 8;

}  // namespace

WsReactor::WsReactor(Shard& shard, size_t message_bytes_max)
    : shard_(shard),
      message_bytes_max_(message_bytes_max),
      epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
      descriptor_(shard.io().get_executor()),
      buffer_(std::make_unique<char[]>(kBufferBytes)) {
  SMCP_CHECK(epoll_fd_ >= 0);
  descriptor_.assign(epoll_fd_);
  Wait();
}

WsReactor::~WsReactor() = default;

void WsReactor::Wait() {
  descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                         [this](boost::system::error_code error) {
                           if (!error) OnReady();
                         });
}

void WsReactor::OnReady() {
  // The batches of one turn are bounded together.
  for (int left = kBatchMax; left > 0;) {
    const int count = HandleBatch(left);
    if (count < kBusyBatch) break;
    left -= count;
  }
  Wait();
}

int WsReactor::HandleBatch(int max) {
  std::array<epoll_event, kBatchMax> events;
  const int count = ::epoll_wait(epoll_fd_, events.data(), max, 0);
  in_batch_ = true;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    auto& connection = *static_cast<WsConnection*>(event.data.ptr);
    if ((event.events & EPOLLOUT) != 0 && !connection.removed_) connection.OnWritable();
    const bool dead = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    if ((dead || (event.events & EPOLLIN) != 0) && !connection.removed_) {
      connection.OnReadable(dead);
    }
  }
  in_batch_ = false;
  // A flush that is queued behind tasks takes along what they have for the same connections.
  if (!flush_posted_) {
    FlushDirty();
    graveyard_.clear();
  }
  return count;
}

WsConnection& WsReactor::Adopt(int fd, std::string_view head, std::string early) {
  auto owned = std::make_unique<WsConnection>(*this, fd);
  WsConnection& connection = *owned;
  connection.index_ = static_cast<uint32_t>(connections_.size());
  connections_.push_back(std::move(owned));
  Watch(connection, EPOLLIN, true);
  connection.BeginWrite().append(head);
  connection.tail_ = std::move(early);
  if (!connection.tail_.empty()) ScheduleResume(connection);
  return connection;
}

void WsReactor::Refuse(int fd, std::string_view bytes) { Adopt(fd, bytes, {}).EndAfterFlush(); }

void WsReactor::Watch(WsConnection& connection, uint32_t events, bool add) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &connection;
  connection.interest_ = events;
  ::epoll_ctl(epoll_fd_, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd_, &event);
}

void WsReactor::MarkDirty(WsConnection& connection) {
  dirty_.push_back(&connection);
  ScheduleFlush();
}

void WsReactor::ScheduleFlush() {
  // In a batch the flush comes at its end; elsewhere (a task from another shard, a timer) it is
  // queued behind the tasks that are waiting already, so that their packets leave together.
  if (in_batch_ || std::exchange(flush_posted_, true)) return;
  flush_rounds_ = 0;
  PostFlush();
}

void WsReactor::PostFlush() {
  shard_.Post([this, begun = shard_.tasks_begun()] { OnFlush(begun); });
}

void WsReactor::OnFlush(uint64_t tasks_begun) {
  // Tasks come in chains (a request, the backplane's decision, the news), and each link queues the
  // next: of a thousand joins to one office every single one would be flushed to all members. So
  // while tasks keep coming the flush waits, though not for ever.
  const bool alone = shard_.tasks_begun() == tasks_begun + 1;  // this task is the one
  if (!alone && ++flush_rounds_ < kFlushRoundsMax) return PostFlush();
  flush_posted_ = false;
  FlushDirty();
  graveyard_.clear();
}

void WsReactor::FlushDirty() {
  // A flush may end a connection, which may make others dirty: those wait for the next round.
  while (!dirty_.empty()) {
    flushing_.swap(dirty_);
    for (WsConnection* connection : flushing_) {
      connection->dirty_ = false;
      if (!connection->removed_) connection->Flush();
    }
    flushing_.clear();
  }
}

void WsReactor::ScheduleResume(WsConnection& connection) {
  if (std::exchange(connection.resume_posted_, true)) return;
  resuming_.push_back(&connection);
  if (resuming_.size() == 1) shard_.Post([this] { ResumeAll(); });
}

void WsReactor::ResumeAll() {
  // Whoever pauses and resumes meanwhile waits for the next round, behind the tasks in between.
  // Removed since it was scheduled: no longer in the list. Removed by one before it in the list:
  // still in the graveyard, which is emptied by later tasks only.
  for (WsConnection* connection : std::exchange(resuming_, {})) {
    connection->resume_posted_ = false;
    connection->Resume();
  }
}

void WsReactor::Remove(WsConnection& connection) {
  if (std::exchange(connection.removed_, true)) return;
  shard_.timers().Cancel(connection.close_timer_);
  if (connection.resume_posted_) std::erase(resuming_, &connection);
  ::close(std::exchange(connection.fd_, -1));  // leaves the epoll set with it
  const uint32_t index = connection.index_;
  graveyard_.push_back(std::move(connections_[index]));
  if (index + 1 != connections_.size()) {
    connections_[index] = std::move(connections_.back());
    connections_[index]->index_ = index;
  }
  connections_.pop_back();
  GiveBackIfEmpty(connections_);
  ScheduleFlush();  // empties the graveyard as well
}

std::string WsReactor::TakeBuffer() {
  if (pool_.empty()) return {};
  std::string buffer = std::move(pool_.back());
  pool_.pop_back();
  pooled_bytes_ -= buffer.capacity();
  return buffer;
}

void WsReactor::GiveBuffer(std::string buffer) {
  const size_t bytes = buffer.capacity();
  const bool inside = bytes == std::string().capacity();  // no memory of its own
  if (inside || bytes > kPooledEachMax || pooled_bytes_ + bytes > kPooledBytesMax) return;
  pooled_bytes_ += bytes;
  buffer.clear();
  pool_.push_back(std::move(buffer));
}

}  // namespace smcp::net
