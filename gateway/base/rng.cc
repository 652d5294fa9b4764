#include "gateway/base/rng.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace smcp {

void SystemRandom::Fill(std::span<uint8_t> out) {
  while (!out.empty()) {
    if (used_ == pool_.size()) {
      // Without randomness every session id could be guessed: there is no safe way to go on.
      if (RAND_bytes(pool_.data(), static_cast<int>(pool_.size())) != 1) std::abort();
      used_ = 0;
    }
    const size_t n = std::min(out.size(), pool_.size() - used_);
    std::copy_n(pool_.begin() + static_cast<ptrdiff_t>(used_), n, out.begin());
    // Bytes that became somebody's session id must not stay readable here.
    OPENSSL_cleanse(pool_.data() + used_, n);
    used_ += n;
    out = out.subspan(n);
  }
}

uint64_t SeededRandom::Next() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return state_;
}

void SeededRandom::Fill(std::span<uint8_t> out) {
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(Next() >> 24);
}

}  // namespace smcp
