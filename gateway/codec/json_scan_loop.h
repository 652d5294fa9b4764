// The scan itself, over blocks of 64 bytes; included by the files that bring a Block for one kind
// of CPU and compiled by each with the instructions of that CPU. That is why everything here has
// internal linkage and nothing of the standard library is called: the linker keeps one copy of an
// inline function, and it could be one that other CPUs cannot run.
//
// A Block is made from 64 bytes and answers with masks: Is(c), IsFolded(c) (c is lower case; 0x20
// is set in the text's byte first), IsBlank, IsDigit, IsControl (below 0x20), IsEscapable (what may
// follow a backslash, but for u). IsPlain: no quote, backslash or control character. IsHigh: some
// byte is 0x80 or above.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gateway/codec/json_index.h"
#include "gateway/codec/json_scan.h"

namespace smcp::json {
namespace {

constexpr size_t kBlock = 64;

// a + b + carry; what runs over goes back to *carry, which is 0 or 1.
inline uint64_t AddCarry(uint64_t a, uint64_t b, uint64_t* carry) {
#if defined(__x86_64__)
  unsigned long long sum = 0;
  *carry = __builtin_ia32_addcarryx_u64(static_cast<unsigned char>(*carry), a, b, &sum);
#else
  uint64_t sum = 0;
  const bool first = __builtin_add_overflow(a, b, &sum);
  *carry = static_cast<uint64_t>(__builtin_add_overflow(sum, *carry, &sum) | first);
#endif
  return sum;
}

// What moves over into a block from the one before: 0 or 1.
struct Carry {
  uint64_t bit = 0;
  // The positions behind those of `mask`.
  uint64_t Behind(uint64_t mask) {
    const uint64_t behind = mask + mask + bit;
    bit = mask >> 63;
    return behind;
  }
  // The positions where the runs in `runs` end (the first behind each), of those that begin at
  // `starts` or came in from the block before. Other bits of `runs` stay: mask them out.
  uint64_t PastRuns(uint64_t starts, uint64_t runs) { return AddCarry(runs, starts, &bit); }
  // The starts of the tokens that follow those that end at `ends`, over any blanks.
  uint64_t Follow(uint64_t ends, uint64_t blank) {
    uint64_t sum = 0;
    const bool overflow = __builtin_add_overflow(ends + ends + bit, blank, &sum);
    bit = ends >> 63 | static_cast<uint64_t>(overflow);
    return sum & ~blank;
  }
};

inline uint64_t PrefixXor(uint64_t mask) {
  mask ^= mask << 1;
  mask ^= mask << 2;
  mask ^= mask << 4;
  mask ^= mask << 8;
  mask ^= mask << 16;
  return mask ^ mask << 32;
}

inline bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

// What may stand directly behind a literal.
inline bool EndsScalar(char c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

template <class Block>
class Scanner {
 public:
  Scanner(const char* text, size_t size, int depth_max, Brackets* brackets)
      : text_(text), size_(size), depth_max_(depth_max), brackets_(brackets) {
    follows_colon_.bit = 1;  // the text's one value is expected as if behind a colon
  }

  Error Run(bool* ascii) {
    char last[kBlock];
    const size_t whole_blocks = size_ / kBlock * kBlock;
    // The last block is filled up with blanks; there is at least one, so that every rule about what
    // comes next has a next.
    __builtin_memset(last, ' ', kBlock);
    __builtin_memcpy(last, text_ + whole_blocks, size_ - whole_blocks);
    for (size_t base = 0; base <= whole_blocks; base += kBlock) {
      if (!Step(base < whole_blocks ? text_ + base : last, base)) return failure_;
    }
    *ascii = !high_;
    if (tokens_ == 0) return Error::kEmpty;
    const bool whole = depth_ == 0 && in_string_ == 0 &&
                       (follows_opener_.bit | follows_comma_.bit | follows_colon_.bit) == 0;
    return whole ? Error::kNone : Error::kSyntax;
  }

 private:
  // The kind of container, as an index; what is wrong differs.
  enum Context : uint32_t { kRoot, kArray, kObject };
  // The four brackets by their bits: 0x5b [, 0x5d ], 0x7b {, 0x7d }.
  static constexpr int kOpenerBit = 2;
  static uint32_t ContextOf(char bracket) { return (bracket & 0x20) != 0 ? kObject : kArray; }

  bool Fail(Error error) {
    failure_ = error;
    return false;
  }

  bool Step(const char* bytes, size_t base) {
    const Block block(bytes);
    high_ |= block.IsHigh();
    // Nothing to see inside a long string.
    if ((in_string_ & ~escape_) == ~uint64_t{0} && block.IsPlain()) return true;
    const uint64_t backslash = block.Is('\\');
    uint64_t escaped = 0;
    if ((backslash | escape_) != 0) escaped = FindEscaped(backslash);
    const uint64_t quote = block.Is('"') & ~escaped;
    // From each opening quote up to, not including, its closing one.
    const uint64_t in_string = PrefixXor(quote) ^ in_string_;
    in_string_ = static_cast<uint64_t>(static_cast<int64_t>(in_string) >> 63);
    uint64_t errors = block.IsControl() & in_string;
    if ((escaped & in_string) != 0) errors |= CheckEscapes(block, escaped & in_string, base);

    const uint64_t open = quote & in_string;
    const uint64_t close = quote & ~in_string;
    const uint64_t outside = ~(in_string | close);
    const uint64_t blank = block.IsBlank() & outside;
    const uint64_t comma = block.Is(',') & outside;
    const uint64_t colon = block.Is(':') & outside;
    const uint64_t opener = block.IsFolded('{') & outside;
    const uint64_t closer = block.IsFolded('}') & outside;
    const uint64_t scalar = outside & ~(blank | comma | colon | opener | closer);
    const uint64_t scalar_start = scalar & ~behind_scalar_.Behind(scalar);
    tokens_ |= ~blank;

    const uint64_t after_opener = follows_opener_.Follow(opener, blank);
    const uint64_t after_comma = follows_comma_.Follow(comma, blank);
    const uint64_t after_colon = follows_colon_.Follow(colon, blank);
    const uint64_t expected = after_opener | after_comma | after_colon;
    errors |= (open | scalar_start | opener) & ~expected;
    errors |= (comma | colon) & expected;
    errors |= closer & (after_comma | after_colon);

    // A string that stands first or behind a comma is a key, or else an element of an array.
    const uint64_t leading = open & (after_opener | after_comma);
    const uint64_t leading_close = leading_.PastRuns(leading, in_string) & close;
    const uint64_t after_leading = follows_leading_.Follow(leading_close, blank);
    errors |= colon & ~after_leading;
    if ((scalar | scalar_pending_) != 0) {
      errors |= CheckScalars(block, scalar, scalar_start, base);
    }

    const uint64_t wrong[3] = {
        comma | colon, colon,
        (after_leading & ~colon) | (after_comma & ~open) | (after_opener & ~(open | closer))};
    return Match(opener | closer, wrong, errors, base);
  }

  // The positions behind an odd number of backslashes.
  uint64_t FindEscaped(uint64_t backslash) {
    constexpr uint64_t kEven = 0x5555555555555555;
    backslash &= ~escape_;
    const uint64_t behind = backslash << 1 | escape_;
    // Runs that begin at an odd place carry into the place behind them; by whether that is odd one
    // sees the parity of their length.
    const uint64_t odd_starts = backslash & ~kEven & ~behind;
    uint64_t sum = 0;
    escape_ = static_cast<uint64_t>(__builtin_add_overflow(odd_starts, backslash, &sum));
    return (kEven ^ (sum << 1)) & behind;
  }

  // A lone surrogate is legal JSON text (SOCKETIO-COMPAT.md 6.6).
  uint64_t CheckEscapes(const Block& block, uint64_t escaped, size_t base) const {
    uint64_t rest = escaped & ~block.IsEscapable();
    uint64_t errors = rest & ~block.Is('u');
    for (rest &= ~errors; rest != 0; rest &= rest - 1) {
      const size_t at = base + static_cast<size_t>(__builtin_ctzll(rest));
      bool good = size_ - at > 4;
      for (size_t i = 1; i <= 4 && good; ++i) good = IsHexDigit(text_[at + i]);
      if (!good) errors |= rest & -rest;
    }
    return errors;
  }

  // Literals one by one; numbers (RFC 8259 section 6) all at once.
  uint64_t CheckScalars(const Block& block, uint64_t scalar, uint64_t start, size_t base) {
    const uint64_t all_digits = block.IsDigit();
    const uint64_t all_minus = block.Is('-');
    const uint64_t literal = start & ~(all_digits | all_minus);
    uint64_t errors = 0;
    for (uint64_t rest = literal; rest != 0; rest &= rest - 1) {
      if (!IsLiteral(base + static_cast<size_t>(__builtin_ctzll(rest)))) errors |= rest & -rest;
    }
    // The bytes of literals drop out: the sum carries over each of them.
    const uint64_t number = scalar & literal_.PastRuns(literal, scalar);
    const uint64_t digit = all_digits & number;
    const uint64_t minus = all_minus & number;
    // No digit may follow a zero that is the first.
    const uint64_t first = start | behind_first_minus_.Behind(minus & start);
    errors |= behind_zero_.Behind(block.Is('0') & number & first) & digit;
    const uint64_t after_digit = behind_digit_.Behind(digit);
    const uint64_t sign_or_point = number & ~digit;
    if ((sign_or_point | fraction_pending_) != 0) {
      errors |= CheckFractions(block, start, number, digit, minus, after_digit);
    }
    scalar_pending_ = literal_.bit | behind_first_minus_.bit | behind_zero_.bit |
                      behind_digit_.bit | fraction_pending_;
    return errors;
  }

  // Signs, dots, exponents.
  uint64_t CheckFractions(const Block& block, uint64_t start, uint64_t number, uint64_t digit,
                          uint64_t minus, uint64_t after_digit) {
    const uint64_t dot = block.Is('.') & number;
    const uint64_t exponent = block.IsFolded('e') & number;
    const uint64_t plus = block.Is('+') & number;
    uint64_t errors = number & ~(digit | dot | exponent | minus | plus);

    const uint64_t after_exponent = behind_exponent_.Behind(exponent);
    const uint64_t after_sign = behind_sign_.Behind(minus | plus);
    const uint64_t after_dot = behind_dot_.Behind(dot);
    errors |= minus & ~(start | after_exponent);
    errors |= plus & ~after_exponent;
    errors |= (dot | exponent) & ~after_digit;
    errors |= (after_sign | after_dot) & ~digit;
    errors |= after_exponent & ~(digit | minus | plus);
    // One dot; none, nor a second exponent, behind the exponent.
    errors |= fraction_.PastRuns(after_dot & digit, digit) & ~digit & dot;
    const uint64_t exponent_start =
        after_exponent | behind_exponent_sign_.Behind((minus | plus) & after_exponent);
    errors |= exponent_.PastRuns(exponent_start & digit, digit) & ~digit & (dot | exponent);
    fraction_pending_ = behind_exponent_.bit | behind_sign_.bit | behind_dot_.bit | fraction_.bit |
                        behind_exponent_sign_.bit | exponent_.bit;
    return errors;
  }

  bool IsLiteral(size_t at) const {
    const char* const p = text_ + at;
    const size_t left = size_ - at;
    const size_t length = *p == 'f' ? 5 : 4;
    if (left < length) return false;
    // "false" by its end, so that four bytes tell in every case.
    const char* const word = *p == 't' ? "true" : *p == 'f' ? "alse" : "null";
    if (__builtin_memcmp(p + (length - 4), word, 4) != 0) return false;
    return left == length || EndsScalar(p[length]);
  }

  // Brackets in order. What stands between two of them belongs to one container, and `wrong` says
  // for each kind of container what must not stand there.
  bool Match(uint64_t rest, const uint64_t (&wrong)[3], uint64_t errors, size_t base) {
    if (count_ + kBlock > brackets_->capacity) brackets_->Grow(count_ + kBlock);
    Bracket* const brackets = brackets_->data;
    uint64_t behind = ~uint64_t{0};  // the positions behind the last bracket
    for (; rest != 0; rest &= rest - 1) {
      const uint64_t upto = rest ^ (rest - 1);
      const auto at = static_cast<uint32_t>(base + static_cast<size_t>(__builtin_ctzll(rest)));
      errors |= wrong[context_] & upto & behind;
      behind = ~upto;
      const char c = text_[at];
      if ((c & kOpenerBit) != 0) {
        if (depth_ >= depth_max_) {
          return Fail((errors & upto) != 0 ? Error::kSyntax : Error::kDepth);
        }
        ++depth_;
        // Until it closes, an entry holds the enclosing one and that one's kind.
        brackets[count_] = {current_, context_};
        current_ = count_++;
        context_ = ContextOf(c);
      } else {
        if (ContextOf(c) != context_) return Fail(Error::kSyntax);  // or nothing is open
        --depth_;
        Bracket& bracket = brackets[current_];
        current_ = bracket.close;
        context_ = bracket.after;
        bracket = {at, count_};
      }
    }
    errors |= wrong[context_] & behind;
    return errors == 0 || Fail(Error::kSyntax);
  }

  const char* const text_;
  const size_t size_;
  const int depth_max_;
  Brackets* const brackets_;
  Error failure_ = Error::kNone;

  bool high_ = false;
  uint64_t tokens_ = 0;     // 0: nothing but blanks so far
  uint64_t escape_ = 0;     // 1: the block's first byte is escaped
  uint64_t in_string_ = 0;  // all ones: the block begins inside a string
  Carry behind_scalar_, follows_opener_, follows_comma_, follows_colon_;
  Carry leading_, follows_leading_;

  // Not 0: a literal or number may go on in the next block.
  uint64_t scalar_pending_ = 0;
  Carry literal_, behind_first_minus_, behind_zero_, behind_digit_;
  // Not 0: the same, for numbers of more than digits.
  uint64_t fraction_pending_ = 0;
  Carry behind_exponent_, behind_sign_, behind_dot_, behind_exponent_sign_, fraction_, exponent_;

  int depth_ = 0;
  uint32_t context_ = kRoot;
  uint32_t current_ = 0;  // the innermost open bracket
  uint32_t count_ = 0;
};

}  // namespace
}  // namespace smcp::json
