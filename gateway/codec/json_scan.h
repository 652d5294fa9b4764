// Checks one JSON text completely, 64 bytes at a time, and notes where its brackets close.
//
// Every rule of RFC 8259 is a relation between bit masks of a block (bit i: byte i is a quote, a
// digit, ...), so the cost does not depend on how dense the text is and no branch depends on what
// stands in it; only brackets, literals and \u escapes are looked at one by one. UTF-8 is not
// checked here. Used by json::Index; one function for each kind of CPU, chosen by ChooseScan.
// Never throws; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace smcp::json {

enum class Error : uint8_t;

// One array or object, in the order of the opening brackets.
struct Bracket {
  uint32_t close;  // position of the closing one
  uint32_t after;  // the number of the first bracket that opens behind it
};

// Grows in powers of two, so that a shard stops allocating after its largest packet.
struct Brackets {
  Brackets() = default;
  ~Brackets();
  Brackets(const Brackets&) = delete;
  Brackets& operator=(const Brackets&) = delete;
  void Grow(size_t capacity_min);

  Bracket* data = nullptr;
  size_t capacity = 0;
};

// kEmpty, kSyntax, kDepth or kNone; `*ascii` is set if the whole text was looked at and is ASCII.
using Scan = Error (*)(const char* text, size_t size, int depth_max, Brackets* brackets,
                       bool* ascii);

// By the name of simdjson's implementation for this CPU: what holds for that holds for ours.
Scan ChooseScan(const char* simdjson_name);

Error ScanPortable(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii);
#if defined(__x86_64__)
// Each of the ASCII characters 64 times: to compare a block with a row is one instruction, where a
// constant would have to be spread over a register first, again in every block.
struct CharacterRows {
  alignas(64) char row[128][64];
};
extern const CharacterRows kRows;

Error ScanSse2(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii);
// AVX2, BMI
Error ScanAvx2(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii);
// AVX-512 F, BW, VL, BMI
Error ScanAvx512(const char* text, size_t size, int depth_max, Brackets* brackets, bool* ascii);
#endif

}  // namespace smcp::json
