#include "gateway/peer/peer_host.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "gateway/base/give_back.h"
#include "gateway/codec/base64.h"
#include "gateway/peer/peer.h"

namespace smcp {
namespace {

constexpr size_t kSidBytes = 2 + 4 + sizeof(PeerSecret::bytes);

}  // namespace

std::string FormatSid(const PeerAddress& address) {
  std::array<uint8_t, kSidBytes> bytes;
  bytes[0] = static_cast<uint8_t>(address.shard >> 8);
  bytes[1] = static_cast<uint8_t>(address.shard);
  for (size_t i = 0; i < 4; ++i) bytes[2 + i] = static_cast<uint8_t>(address.slot >> (24 - 8 * i));
  std::copy(std::begin(address.secret.bytes), std::end(address.secret.bytes), bytes.begin() + 6);
  return base64::EncodeUrl(bytes);
}

bool ParseSid(std::string_view sid, uint16_t shards, PeerAddress* address) {
  std::array<uint8_t, kSidBytes> bytes;
  if (!base64::DecodeUrl(sid, bytes)) return false;
  address->shard = static_cast<uint16_t>((bytes[0] << 8) | bytes[1]);
  address->slot = 0;
  for (size_t i = 0; i < 4; ++i) address->slot = (address->slot << 8) | bytes[2 + i];
  std::copy(bytes.begin() + 6, bytes.end(), std::begin(address->secret.bytes));
  return address->shard < shards;
}

PeerHost::PeerHost(Services services) : services_(services) {}

PeerHost::~PeerHost() = default;

Peer& PeerHost::Open(std::shared_ptr<const sio::Handshake> handshake, bool on_websocket,
                     RawHandler* raw) {
  uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back().generation = first_generation_;
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  PeerSecret secret;
  services_.random->Fill(secret.bytes);
  const PeerRef ref{slot, slots_[slot].generation, services_.shard};
  slots_[slot].peer =
      std::make_unique<Peer>(*this, ref, secret, std::move(handshake), on_websocket, raw);
  live_.fetch_add(1, std::memory_order_relaxed);
  return *slots_[slot].peer;
}

Peer* PeerHost::Find(PeerRef ref) {
  if (ref.slot >= slots_.size() || slots_[ref.slot].generation != ref.generation) return nullptr;
  return slots_[ref.slot].peer.get();
}

Peer* PeerHost::Find(const PeerAddress& address) {
  if (address.slot >= slots_.size()) return nullptr;
  Peer* peer = slots_[address.slot].peer.get();
  if (peer == nullptr) return nullptr;
  const bool same =
      CRYPTO_memcmp(peer->secret().bytes, address.secret.bytes, sizeof(PeerSecret::bytes)) == 0;
  return same ? peer : nullptr;
}

void PeerHost::CloseAll(sio::DisconnectReason reason) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].peer) slots_[i].peer->Close(reason, ws::CloseCode::kGoingAway);
  }
}

void PeerHost::Bury(PeerRef ref) {
  Slot& slot = slots_[ref.slot];
  graveyard_.push_back(std::move(slot.peer));
  if (++slot.generation == 0) slot.generation = 1;
  free_.push_back(ref.slot);
  live_.fetch_sub(1, std::memory_order_relaxed);
  if (graveyard_.size() == 1) {
    Defer([this] {
      graveyard_.clear();
      if (live() == 0 && slots_.size() > kKeptCapacity) GiveBack();
    });
  }
}

void PeerHost::GiveBack() {
  // Refs to sessions of the crowd that has gone may still be under way, so new slots must not bear
  // their generations.
  for (const Slot& slot : slots_) first_generation_ = std::max(first_generation_, slot.generation);
  if (first_generation_ > UINT32_MAX / 2) return;  // too close to a wrap, after years: keep them
  slots_ = std::vector<Slot>();
  free_ = std::vector<uint32_t>();
  graveyard_ = std::vector<std::unique_ptr<Peer>>();
}

std::string PeerHost::NewSocketSid() {
  // 88 bits: nobody meets one twice, and its 15 characters fit a string without an allocation. It
  // is kept in three places for each session.
  std::array<uint8_t, 11> bytes;
  services_.random->Fill(bytes);
  return base64::EncodeUrl(bytes);
}

}  // namespace smcp
