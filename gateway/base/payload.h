// Immutable bytes built once and shared by many readers, also across shards.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smcp {

class Payload {
 public:
  Payload() = default;
  explicit Payload(std::string bytes)
      : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  std::string_view view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }

 private:
  std::shared_ptr<const std::string> bytes_;
};

// The attachments of one binary packet, in placeholder order (SOCKETIO-COMPAT.md 6.4).
using Attachments = std::vector<std::string>;

}  // namespace smcp
