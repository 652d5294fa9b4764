#include "tests/bench/floor/relay.h"

#include <array>
#include <charconv>
#include <utility>

#include "tests/bench/floor/frames.h"

namespace smcp::yardstick {
namespace {

constexpr std::string_view kEventHead = "42/smcp,";
constexpr std::string_view kAckHead = "43/smcp,";
constexpr std::string_view kConnectHead = "40/smcp";
constexpr std::string_view kDisconnectHead = "41/smcp";
// What a storm has blown up must not stay big for ever: unused outboxes keep this much in all.
constexpr std::size_t kKeptBytesMax = 16 * 1024 * 1024;

std::string_view Digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return text.substr(0, n);
}

std::uint64_t Number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// "42/smcp,17" in a buffer of its own.
class Head {
 public:
  Head(std::string_view prefix, std::uint64_t id) {
    prefix.copy(bytes_.data(), prefix.size());
    const auto end =
        std::to_chars(bytes_.data() + prefix.size(), bytes_.data() + bytes_.size(), id).ptr;
    size_ = static_cast<std::size_t>(end - bytes_.data());
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 32> bytes_;
  std::size_t size_ = 0;
};

}  // namespace

std::string* Relay::Outbox(Connection* connection) {
  if (connection->out == nullptr) {
    if (free_boxes_.empty()) {
      boxes_.push_back(std::make_unique<std::string>());
      free_boxes_.push_back(boxes_.back().get());
      kept_bytes_ += free_boxes_.back()->capacity();
    }
    connection->out = free_boxes_.back();
    free_boxes_.pop_back();
    kept_bytes_ -= connection->out->capacity();
  }
  if (!connection->dirty) {
    connection->dirty = true;
    dirty_.push_back(connection);
  }
  return connection->out;
}

void Relay::GiveBack(Connection* connection) {
  if (connection->out == nullptr) return;
  connection->out->clear();
  if (kept_bytes_ + connection->out->capacity() > kKeptBytesMax) connection->out->shrink_to_fit();
  kept_bytes_ += connection->out->capacity();
  free_boxes_.push_back(connection->out);
  connection->out = nullptr;
  connection->sent = 0;
}

void Relay::Say(Connection* connection, unsigned opcode, std::string_view head,
                std::string_view tail) {
  AppendFrame(opcode, head, tail, Outbox(connection));
}

void Relay::SayRaw(Connection* connection, std::string_view bytes) {
  Outbox(connection)->append(bytes);
}

void Relay::Send(Connection* connection, std::string_view head, std::string_view tail) {
  Say(connection, kText, head, tail);
}

void Relay::Open(Connection* connection) {
  const std::string sid = std::to_string(++sids_);
  Send(connection, "0{\"sid\":\"" + sid,
       "\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}");
}

bool Relay::Packet(Connection* connection, std::string_view packet) {
  if (packet.starts_with(kEventHead)) {
    Event(connection, packet);
  } else if (packet.starts_with(kAckHead)) {
    Answer(packet);
  } else if (packet.starts_with(kConnectHead)) {
    Send(connection, "40/smcp,{\"sid\":\"s" + std::to_string(++sids_), "\"}");
  } else if (packet.starts_with(kDisconnectHead)) {
    Leave(connection);
  } else if (packet.starts_with('1')) {
    return false;
  }
  return true;
}

void Relay::Event(Connection* connection, std::string_view packet) {
  packet.remove_prefix(kEventHead.size());
  const std::string_view id = Digits(packet);
  const std::string_view body = packet.substr(id.size());
  if (body.starts_with("[\"client:")) {
    Forward(connection, id, body);
  } else if (body.starts_with("[\"server:join_office\"")) {
    Join(connection, id, body);
  } else if (body.starts_with("[\"server:leave_office\"")) {
    Acknowledge(connection, id);
    Leave(connection);
  } else if (body.starts_with("[\"server:update_config\"")) {
    Tell(connection, "[\"notify:update_config\",{\"", false);
  } else if (body.starts_with("[\"server:update_tool_list\"")) {
    Tell(connection, "[\"notify:update_tool_list\",{\"", false);
  }
}

void Relay::Acknowledge(Connection* connection, std::string_view id) {
  if (!id.empty()) Send(connection, Head(kAckHead, Number(id)).view(), "[true,null]");
}

void Relay::Join(Connection* connection, std::string_view id, std::string_view body) {
  const std::string_view office_id = StringAfter(body, "\"office_id\":");
  const std::string_view name = StringAfter(body, "\"name\":");
  if (connection->office != nullptr) {
    if (connection->office->id == office_id && connection->name == name) {
      return Acknowledge(connection, id);
    }
    Leave(connection);
  }
  Office* office = nullptr;
  if (const auto found = offices_.find(office_id); found != offices_.end()) {
    office = found->second.get();
  } else {
    auto made = std::make_unique<Office>();
    office = made.get();
    office->id = office_id;
    offices_.emplace(office->id, std::move(made));
  }
  connection->is_agent = StringAfter(body, "\"role\":") == "agent";
  connection->name = name;
  connection->office = office;
  connection->place = static_cast<std::uint32_t>(office->members.size());
  office->members.push_back(connection);
  if (!connection->is_agent) computers_[{office, connection->name}] = connection;
  Acknowledge(connection, id);
  Tell(connection, "[\"notify:enter_office\",{\"office_id\":\"", true);
}

void Relay::Leave(Connection* connection) {
  Office* office = connection->office;
  if (office == nullptr) return;
  Tell(connection, "[\"notify:leave_office\",{\"office_id\":\"", true);
  if (!connection->is_agent) computers_.erase({office, connection->name});
  office->members.back()->place = connection->place;
  office->members[connection->place] = office->members.back();
  office->members.pop_back();
  connection->office = nullptr;
  if (office->members.empty()) offices_.erase(office->id);
}

void Relay::Tell(Connection* connection, std::string_view news, bool with_office) {
  const Office* office = connection->office;
  if (office == nullptr || office->members.size() < 2) return;
  std::string text(kEventHead);
  text.append(news);
  if (with_office) text.append(office->id).append("\",\"");
  text.append(connection->is_agent ? "agent\":\"" : "computer\":\"");
  text.append(connection->name).append("\"}]");
  std::string frame;
  AppendFrame(kText, text, {}, &frame);
  for (Connection* member : office->members) {
    if (member != connection) SayRaw(member, frame);
  }
}

void Relay::Forward(Connection* connection, std::string_view id, std::string_view body) {
  const auto found = computers_.find({connection->office, StringAfter(body, "\"computer\":")});
  if (found == computers_.end()) {
    if (!id.empty()) {
      Send(connection, Head(kAckHead, Number(id)).view(),
           "[{\"code\":404,\"message\":\"Computer not found\"}]");
    }
    return;
  }
  if (free_calls_.empty()) {
    free_calls_.push_back(static_cast<std::uint32_t>(calls_.size()));
    calls_.emplace_back();
  }
  const std::uint32_t call = free_calls_.back();
  free_calls_.pop_back();
  calls_[call] = {connection, connection->generation, Number(id)};
  Send(found->second, Head(kEventHead, call).view(), body);
}

void Relay::Answer(std::string_view packet) {
  packet.remove_prefix(kAckHead.size());
  const std::string_view id = Digits(packet);
  const std::uint64_t place = Number(id);
  if (place >= calls_.size() || calls_[place].agent == nullptr) return;
  const Call call = calls_[place];
  calls_[place].agent = nullptr;
  free_calls_.push_back(static_cast<std::uint32_t>(place));
  if (call.agent->generation != call.generation) return;
  Send(call.agent, Head(kAckHead, call.id).view(), packet.substr(id.size()));
}

void Relay::Gone(Connection* connection) {
  Leave(connection);
  ++connection->generation;
}

}  // namespace smcp::yardstick
