// Compiled for AVX-512 BW and BMI; called only where the CPU has them.
#if defined(__x86_64__)

#include "gateway/codec/json_scan.h"

#include <immintrin.h>

#include "gateway/codec/json_scan_loop.h"

namespace smcp::json {
namespace {

class Avx512Block {
 public:
  explicit Avx512Block(const char* bytes) : bytes_(_mm512_loadu_si512(bytes)) {}

  uint64_t Is(char c) const { return _mm512_cmpeq_epi8_mask(bytes_, Row(c)); }
  uint64_t IsFolded(char c) const {
    return _mm512_cmpeq_epi8_mask(_mm512_or_si512(bytes_, Row(0x20)), Row(c));
  }
  uint64_t IsEscapable() const {
    return Is('"') | Is('\\') | Is('/') | Is('b') | Is('f') | Is('n') | Is('r') | Is('t');
  }
  // The table holds each blank at its own low four bits, and elsewhere what no byte with those bits
  // is equal to.
  uint64_t IsBlank() const {
    const __m512i table = _mm512_broadcast_i32x4(
        _mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0));
    return _mm512_cmpeq_epi8_mask(bytes_, _mm512_shuffle_epi8(table, bytes_));
  }
  uint64_t IsControl() const { return _mm512_cmplt_epu8_mask(bytes_, Row(0x20)); }
  uint64_t IsDigit() const {
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes_, Row('0')), Row(10));
  }
  bool IsPlain() const { return (Is('"') | Is('\\') | IsControl()) == 0; }
  bool IsHigh() const { return _mm512_movepi8_mask(bytes_) != 0; }

 private:
  static __m512i Row(char c) { return _mm512_load_si512(kRows.row[static_cast<int>(c)]); }
  __m512i bytes_;
};

}  // namespace

Error ScanAvx512(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii) {
  return Scanner<Avx512Block>(text, size, depth_max, brackets).Run(ascii);
}

}  // namespace smcp::json

#endif
