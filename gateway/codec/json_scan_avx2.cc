// Compiled for AVX2 and BMI; called only where the CPU has them.
#if defined(__x86_64__)

#include "gateway/codec/json_scan.h"

#include <immintrin.h>

#include "gateway/codec/json_scan_loop.h"

namespace smcp::json {
namespace {

class Avx2Block {
 public:
  explicit Avx2Block(const char* bytes)
      : low_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes))),
        high_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32))) {}

  uint64_t Is(char c) const { return IsEqual(low_, high_, Row(c)); }
  uint64_t IsFolded(char c) const {
    const __m256i fold = Row(0x20);
    return IsEqual(_mm256_or_si256(low_, fold), _mm256_or_si256(high_, fold), Row(c));
  }
  // The tables hold each character at its own low four bits, and elsewhere what no byte with those
  // bits is equal to.
  uint64_t IsBlank() const {
    return IsInTable(_mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0));
  }
  uint64_t IsEscapable() const {
    // b and r have the same low bits.
    return IsInTable(_mm_setr_epi8(1, 0, '"', 0, 't', 0, 'f', 0, 0, 0, 0, 0, '\\', 0, 'n', '/')) |
           Is('b') | Is('r');
  }
  uint64_t IsControl() const { return IsAtMost(low_, high_, 0x1f); }
  uint64_t IsDigit() const {
    const __m256i zero = Row('0');
    return IsAtMost(_mm256_sub_epi8(low_, zero), _mm256_sub_epi8(high_, zero), 9);
  }
  bool IsPlain() const {
    return _mm256_movemask_epi8(_mm256_or_si256(IsSpecial(low_), IsSpecial(high_))) == 0;
  }
  bool IsHigh() const { return _mm256_movemask_epi8(_mm256_or_si256(low_, high_)) != 0; }

 private:
  static __m256i Row(char c) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(kRows.row[static_cast<int>(c)]));
  }
  static uint64_t IsEqual(__m256i low, __m256i high, __m256i wanted) {
    return Collect(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
  }
  uint64_t IsInTable(__m128i half) const {
    const __m256i table = _mm256_broadcastsi128_si256(half);
    return Collect(_mm256_cmpeq_epi8(low_, _mm256_shuffle_epi8(table, low_)),
                   _mm256_cmpeq_epi8(high_, _mm256_shuffle_epi8(table, high_)));
  }
  static __m256i IsSpecial(__m256i half) {
    return _mm256_or_si256(
        _mm256_or_si256(_mm256_cmpeq_epi8(half, Row('"')), _mm256_cmpeq_epi8(half, Row('\\'))),
        _mm256_cmpeq_epi8(_mm256_min_epu8(half, Row(0x1f)), half));
  }
  static uint64_t IsAtMost(__m256i low, __m256i high, char bound) {
    const __m256i most = Row(bound);
    return Collect(_mm256_cmpeq_epi8(_mm256_min_epu8(low, most), low),
                   _mm256_cmpeq_epi8(_mm256_min_epu8(high, most), high));
  }
  static uint64_t Collect(__m256i low, __m256i high) {
    const auto first = static_cast<uint32_t>(_mm256_movemask_epi8(low));
    const auto second = static_cast<uint32_t>(_mm256_movemask_epi8(high));
    return static_cast<uint64_t>(second) << 32 | first;
  }

  __m256i low_;
  __m256i high_;
};

}  // namespace

Error ScanAvx2(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii) {
  return Scanner<Avx2Block>(text, size, depth_max, brackets).Run(ascii);
}

}  // namespace smcp::json

#endif
