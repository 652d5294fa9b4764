// Unguessable bytes for session ids.
//
// Random is injected so that a simulation can own it; SystemRandom is what production uses.
// Thread rule: one instance per shard, used on that shard only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace smcp {

class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<uint8_t> out) = 0;
};

// The operating system's CSPRNG, read in blocks so that a session id costs no system call.
class SystemRandom final : public Random {
 public:
  void Fill(std::span<uint8_t> out) override;

 private:
  std::array<uint8_t, 1024> pool_{};
  size_t used_ = sizeof(pool_);
};

// xorshift with a seed: for tests and simulation only, never for ids that must not be guessed.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed | 1) {}
  void Fill(std::span<uint8_t> out) override;
  uint64_t Next();

 private:
  uint64_t state_;
};

}  // namespace smcp
