// The websockets of one shard: a level-triggered epoll of its own whose descriptor sits in the
// shard's io_context (DESIGN shape D).
//
// Per wake-up: one batch of ready connections, one recv each into one shared buffer, frames handled
// in place, then one send per connection that has something to say. An idle connection costs one
// small object. Thread rule: everything here is for the shard.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/runtime/shard.h"

namespace smcp {
class Peer;
}

namespace smcp::net {

class WsConnection;

class WsReactor {
 public:
  WsReactor(Shard& shard, size_t message_bytes_max);
  ~WsReactor();
  WsReactor(const WsReactor&) = delete;
  WsReactor& operator=(const WsReactor&) = delete;

  // Takes over a connected non-blocking socket. `head` (the HTTP response) goes out first; `early`
  // is what the client sent behind its request. Bind the peer before returning to the event loop.
  WsConnection& Adopt(int fd, std::string_view head, std::string early);
  // Sends `bytes`, then ends the connection.
  void Refuse(int fd, std::string_view bytes);
  size_t connections() const { return connections_.size(); }
  // Counts for the next message of every connection.
  void set_message_bytes_max(size_t bytes) { message_bytes_max_ = bytes; }

 private:
  friend class WsConnection;
  static constexpr size_t kBufferBytes = size_t{256} * 1024;
  // Write buffers that are kept for the next write: one of them, and all together. Smaller bounds
  // would have a reader of large answers pay for fresh pages with each of them.
  static constexpr size_t kPooledEachMax = size_t{256} * 1024;
  static constexpr size_t kPooledBytesMax = size_t{4} * 1024 * 1024;

  void Wait();
  void OnReady();
  // At most `max` events; returns how many there were.
  int HandleBatch(int max);
  void FlushDirty();
  void ScheduleFlush();
  void PostFlush();
  void OnFlush(uint64_t tasks_begun);
  void MarkDirty(WsConnection& connection);
  // Handles bytes that a paused connection kept, after the current task.
  void ScheduleResume(WsConnection& connection);
  void ResumeAll();
  void Watch(WsConnection& connection, uint32_t events, bool add);
  void Remove(WsConnection& connection);
  std::string TakeBuffer();
  void GiveBuffer(std::string buffer);

  Shard& shard_;
  size_t message_bytes_max_;
  int epoll_fd_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor_;
  std::unique_ptr<char[]> buffer_;
  std::vector<std::unique_ptr<WsConnection>> connections_;
  std::vector<std::unique_ptr<WsConnection>> graveyard_;  // closed in this batch
  std::vector<WsConnection*> dirty_;
  std::vector<WsConnection*> flushing_;
  std::vector<WsConnection*> resuming_;
  std::vector<std::string> pool_;
  size_t pooled_bytes_ = 0;
  bool in_batch_ = false;
  bool flush_posted_ = false;
  int flush_rounds_ = 0;
};

}  // namespace smcp::net
