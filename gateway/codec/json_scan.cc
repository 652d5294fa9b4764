#include "gateway/codec/json_scan.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "gateway/codec/json_scan_loop.h"

namespace smcp::json {
namespace {

// Eight bytes in a word, on any CPU.
class PortableBlock {
 public:
  explicit PortableBlock(const char* bytes) {
    std::memcpy(words_, bytes, sizeof(words_));
    if constexpr (std::endian::native == std::endian::big) {
      for (uint64_t& word : words_) word = __builtin_bswap64(word);
    }
  }
  uint64_t Is(char c) const {
    return Collect([c](uint64_t word) { return Zeros(word ^ Splat(c)); });
  }
  uint64_t IsFolded(char c) const {
    return Collect([c](uint64_t word) { return Zeros((word | Splat(0x20)) ^ Splat(c)); });
  }
  uint64_t IsEscapable() const {
    return Is('"') | Is('\\') | Is('/') | Is('b') | Is('f') | Is('n') | Is('r') | Is('t');
  }
  uint64_t IsBlank() const { return Is(' ') | Is('\n') | Is('\t') | Is('\r'); }
  uint64_t IsControl() const {
    return Collect([](uint64_t word) { return Zeros(word & Splat('\xe0')); });
  }
  uint64_t IsDigit() const {
    return Collect([](uint64_t word) {
      const uint64_t value = word ^ Splat('0');
      return ~(((value & Splat(0x7f)) + Splat(0x7f - 9)) | value) & kTops;
    });
  }
  bool IsPlain() const { return (Is('"') | Is('\\') | IsControl()) == 0; }
  bool IsHigh() const {
    uint64_t all = 0;
    for (const uint64_t word : words_) all |= word;
    return (all & kTops) != 0;
  }

 private:
  static constexpr uint64_t kTops = 0x8080808080808080;
  static constexpr uint64_t Splat(char c) {
    return uint64_t{0x0101010101010101} * static_cast<unsigned char>(c);
  }
  // The top bit of each byte that is 0.
  static constexpr uint64_t Zeros(uint64_t word) {
    return ~(((word & Splat(0x7f)) + Splat(0x7f)) | word) & kTops;
  }
  // Top bits of bytes to bits of a mask; the product moves each to its place in the last byte.
  template <class F>
  uint64_t Collect(F tops) const {
    uint64_t mask = 0;
    for (int i = 0; i < 8; ++i) {
      mask |= ((tops(words_[i]) >> 7) * 0x0102040810204080 >> 56) << (8 * i);
    }
    return mask;
  }

  uint64_t words_[8];
};

#if defined(__x86_64__)
class Sse2Block {
 public:
  explicit Sse2Block(const char* bytes) {
    for (int i = 0; i < 4; ++i) {
      parts_[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i));
    }
  }
  uint64_t Is(char c) const {
    return Collect([c](__m128i part) { return _mm_cmpeq_epi8(part, Row(c)); });
  }
  uint64_t IsFolded(char c) const {
    return Collect(
        [c](__m128i part) { return _mm_cmpeq_epi8(_mm_or_si128(part, Row(0x20)), Row(c)); });
  }
  uint64_t IsEscapable() const {
    return Is('"') | Is('\\') | Is('/') | Is('b') | Is('f') | Is('n') | Is('r') | Is('t');
  }
  uint64_t IsBlank() const { return Is(' ') | Is('\n') | Is('\t') | Is('\r'); }
  uint64_t IsControl() const {
    return Collect(
        [](__m128i part) { return _mm_cmpeq_epi8(_mm_min_epu8(part, Row(0x1f)), part); });
  }
  uint64_t IsDigit() const {
    return Collect([](__m128i part) {
      const __m128i value = _mm_sub_epi8(part, Row('0'));
      return _mm_cmpeq_epi8(_mm_min_epu8(value, Row(9)), value);
    });
  }
  bool IsPlain() const { return (Is('"') | Is('\\') | IsControl()) == 0; }
  bool IsHigh() const {
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(parts_[0], parts_[1]),
                                          _mm_or_si128(parts_[2], parts_[3]))) != 0;
  }

 private:
  static __m128i Row(char c) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(kRows.row[static_cast<int>(c)]));
  }
  template <class F>
  uint64_t Collect(F bytes) const {
    uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) {
      mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(bytes(parts_[i]))))
              << (16 * i);
    }
    return mask;
  }

  __m128i parts_[4];
};
#endif

}  // namespace

Brackets::~Brackets() { delete[] data; }

void Brackets::Grow(size_t capacity_min) {
  constexpr size_t kCapacityMin = 1024;
  const size_t larger = std::max(kCapacityMin, std::bit_ceil(capacity_min));
  auto* const grown = new Bracket[larger];
  std::copy_n(data, capacity, grown);
  delete[] data;
  data = grown;
  capacity = larger;
}

Error ScanPortable(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii) {
  return Scanner<PortableBlock>(text, size, depth_max, brackets).Run(ascii);
}

#if defined(__x86_64__)
constinit const CharacterRows kRows = [] {
  CharacterRows rows{};
  for (int c = 0; c < 128; ++c) {
    for (char& same : rows.row[c]) same = static_cast<char>(c);
  }
  return rows;
}();

Error ScanSse2(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii) {
  return Scanner<Sse2Block>(text, size, depth_max, brackets).Run(ascii);
}

Scan ChooseScan(const char* simdjson_name) {
  const std::string_view name = simdjson_name;
  if (name == "icelake") return ScanAvx512;
  if (name == "haswell") return ScanAvx2;
  if (name == "westmere") return ScanSse2;
  return ScanPortable;
}
#else
Scan ChooseScan(const char* /*simdjson_name*/) { return ScanPortable; }
#endif

}  // namespace smcp::json
