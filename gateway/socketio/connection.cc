#include "gateway/socketio/connection.h"

#include <algorithm>
#include <charconv>

#include "gateway/codec/json_text.h"

namespace smcp::sio {
namespace {

Step Bad() { return Step{.kind = Step::Kind::kBad}; }

// The name is echoed in CONNECT_ERROR, so it may neither be long nor hold what would break the
// packet or a polling payload it is echoed in.
bool NameIsSane(std::string_view nsp, size_t bytes_max) {
  return nsp.size() <= bytes_max && std::none_of(nsp.begin(), nsp.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20;
         });
}

bool IsBinary(PacketType type) {
  return type == PacketType::kBinaryEvent || type == PacketType::kBinaryAck;
}

}  // namespace

Step Connection::ReceiveText(std::string_view text, const NamespaceTable& table,
                             json::Index& index) {
  if (reassembly_) return Bad();  // an attachment was due
  Packet packet;
  if (DecodePacket(text, &packet) != DecodeError::kNone) return Bad();
  if (!NameIsSane(packet.nsp, limits_.namespace_bytes_max)) return Bad();
  switch (packet.type) {
    case PacketType::kConnect:
      return Connect(packet, table, index);
    case PacketType::kConnectError:
      return Bad();
    case PacketType::kDisconnect: {
      Socket* socket = Find(packet.nsp);
      if (socket == nullptr) return Step{};
      return Step{.kind = Step::Kind::kDisconnect, .socket = socket};
    }
    case PacketType::kEvent:
    case PacketType::kAck:
    case PacketType::kBinaryEvent:
    case PacketType::kBinaryAck:
      break;
  }
  if (index.Build(packet.payload, limits_.json_depth_max) != json::Error::kNone) return Bad();
  if (index.root().kind != json::Kind::kArray) return Bad();
  if (!IsBinary(packet.type)) {
    static const Attachments kNone;
    return Deliver(packet, kNone, index);
  }
  if (packet.attachments > static_cast<uint32_t>(limits_.attachments_max)) return Bad();
  if (!PlaceholdersAreValid(index, index.root(), packet.attachments)) return Bad();
  reassembly_ = std::make_unique<Reassembly>(text, packet.attachments);
  return Step{.kind = Step::Kind::kAwaiting};
}

Step Connection::ReceiveBinary(std::string_view data, json::Index& index) {
  if (!reassembly_) return Bad();
  if (!reassembly_->Add(data)) return Step{.kind = Step::Kind::kAwaiting};
  complete_ = std::move(reassembly_);
  // Both were checked when the header came; the scratch index has been used for others since.
  Packet packet;
  if (DecodePacket(complete_->header(), &packet) != DecodeError::kNone) return Bad();
  if (index.Build(packet.payload, limits_.json_depth_max) != json::Error::kNone) return Bad();
  return Deliver(packet, complete_->attachments(), index);
}

Step Connection::Connect(const Packet& packet, const NamespaceTable& table, json::Index& index) {
  if (!packet.payload.empty()) {
    if (index.Build(packet.payload, limits_.json_depth_max) != json::Error::kNone) return Bad();
    if (index.root().kind != json::Kind::kObject) return Bad();
  }
  const auto it = table.find(packet.nsp);
  if (it == table.end()) {
    return Step{.kind = Step::Kind::kRefuse, .name = packet.nsp, .message = "Invalid namespace"};
  }
  Namespace* nsp = it->second.get();
  const bool known = std::any_of(slots_.begin(), slots_.end(),
                                 [nsp](const Slot& slot) { return slot.nsp == nsp; });
  if (known) {
    return Step{.kind = Step::Kind::kRefuse, .name = packet.nsp, .message = "Already connected"};
  }
  slots_.push_back(Slot{nsp, nullptr});
  return Step{.kind = Step::Kind::kConnect,
              .nsp = nsp,
              .payload = packet.payload.empty() ? "{}" : packet.payload};
}

Step Connection::Deliver(const Packet& packet, const Attachments& attachments, json::Index& index) {
  Socket* socket = Find(packet.nsp);
  Step step;
  if (packet.type == PacketType::kEvent || packet.type == PacketType::kBinaryEvent) {
    step = Event(packet, socket, index);
  } else if (socket != nullptr && !packet.ack_id.empty()) {
    uint32_t id = 0;
    const char* end = packet.ack_id.data() + packet.ack_id.size();
    const auto parsed = std::from_chars(packet.ack_id.data(), end, id);
    if (parsed.ec == std::errc() && parsed.ptr == end && id <= 0x7fffffff) {
      step.kind = Step::Kind::kAck;
      step.our_ack_id = id;
    }
  }
  step.socket = socket;
  step.payload = packet.payload;
  step.attachments = &attachments;
  return step;
}

Step Connection::Event(const Packet& packet, Socket* socket, json::Index& index) {
  json::Value first;
  auto cursor = index.Enter(index.root());
  if (!index.NextElement(&cursor, &first)) return Bad();
  std::string_view name;
  if (first.kind == json::Kind::kString) {
    name = first.inner();
    if (name.find('\\') != std::string_view::npos) {
      name_.clear();
      if (!json::Unescape(name, &name_)) return Step{};  // no event of ours is spelled like that
      name = name_;
    }
  } else if (first.kind != json::Kind::kNumber) {
    return Bad();
  }
  if (socket == nullptr || IsReservedEvent(name)) return Step{};
  return Step{.kind = Step::Kind::kEvent, .name = name, .ack_id = packet.ack_id};
}

Socket* Connection::FinishConnect(const Namespace& nsp, std::unique_ptr<Socket> socket) {
  for (Slot& slot : slots_) {
    if (slot.nsp == &nsp && slot.socket == nullptr) {
      slot.socket = std::move(socket);
      return slot.socket.get();
    }
  }
  return nullptr;
}

void Connection::AbandonConnect(const Namespace& nsp) {
  std::erase_if(slots_,
                [&nsp](const Slot& slot) { return slot.nsp == &nsp && slot.socket == nullptr; });
}

Socket* Connection::Find(std::string_view nsp) const {
  for (const Slot& slot : slots_) {
    if (slot.socket && slot.nsp->context().name == nsp) return slot.socket.get();
  }
  return nullptr;
}

std::unique_ptr<Socket> Connection::Remove(std::string_view nsp) {
  for (auto it = slots_.begin(); it != slots_.end(); ++it) {
    if (it->socket && it->nsp->context().name == nsp) {
      std::unique_ptr<Socket> socket = std::move(it->socket);
      slots_.erase(it);
      return socket;
    }
  }
  return nullptr;
}

std::vector<std::unique_ptr<Socket>> Connection::RemoveAll() {
  std::vector<std::unique_ptr<Socket>> sockets;
  for (Slot& slot : slots_) {
    if (slot.socket) sockets.push_back(std::move(slot.socket));
  }
  slots_.clear();
  return sockets;
}

bool Connection::any_joined() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.socket != nullptr; });
}

}  // namespace smcp::sio
