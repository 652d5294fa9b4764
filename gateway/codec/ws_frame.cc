#include "gateway/codec/ws_frame.h"

#include <openssl/sha.h>

#include <cstring>

#include "gateway/codec/base64.h"
#include "gateway/codec/utf8.h"

namespace smcp::ws {
namespace {

constexpr size_t kControlBytesMax = 125;
constexpr uint8_t kFin = 0x80;
constexpr uint8_t kRsv = 0x70;
constexpr uint8_t kOpcode = 0x0f;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLength = 0x7f;
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;
constexpr size_t kMaskBytes = 4;

bool IsControl(Opcode opcode) { return static_cast<uint8_t>(opcode) >= 8; }

uint64_t ReadBigEndian(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(from[i]);
  return value;
}

// Eight bytes at a time through memcpy, which the compiler turns into plain (or vector) loads and
// which is defined at any alignment. The mask repeats every four bytes, hence every eight.
void Unmask(char* data, size_t size, const char* mask) {
  char twice[8];
  std::memcpy(twice, mask, kMaskBytes);
  std::memcpy(twice + kMaskBytes, mask, kMaskBytes);
  uint64_t key = 0;
  std::memcpy(&key, twice, sizeof(key));
  const auto xor_word = [key](char* at) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    word ^= key;
    std::memcpy(at, &word, sizeof(word));
  };
  size_t i = 0;
  for (; i + 32 <= size; i += 32) {
    xor_word(data + i);
    xor_word(data + i + 8);
    xor_word(data + i + 16);
    xor_word(data + i + 24);
  }
  for (; i + 8 <= size; i += 8) xor_word(data + i);
  for (size_t j = 0; i < size; ++i, ++j) data[i] = static_cast<char>(data[i] ^ twice[j]);
}

struct Header {
  Opcode opcode = Opcode::kContinuation;
  bool fin = false;
  uint64_t size = 0;   // of the payload
  size_t bytes = 0;    // of the header itself, mask included
  size_t missing = 0;  // not 0: too little is there to know the size
  bool legal = true;   // by itself; not whether it fits the frames before it
};

// Faults are found with the first byte that shows them, so that no peer makes us wait for the rest.
Header ReadHeader(std::string_view input) {
  Header header;
  if (input.size() < 2) {
    header.missing = 2 - input.size();
    return header;
  }
  const auto first = static_cast<uint8_t>(input[0]);
  const auto second = static_cast<uint8_t>(input[1]);
  header.opcode = static_cast<Opcode>(first & kOpcode);
  header.fin = (first & kFin) != 0;
  header.size = second & kLength;
  const bool known = (first & kOpcode) <= 2 || ((first & kOpcode) >= 8 && (first & kOpcode) <= 10);
  header.legal = known && (first & kRsv) == 0 && (second & kMasked) != 0 &&
                 (!IsControl(header.opcode) || (header.fin && header.size <= kControlBytesMax));
  if (!header.legal) return header;

  const size_t extra = header.size == kLength64 ? 8 : header.size == kLength16 ? 2 : 0;
  header.bytes = 2 + extra + kMaskBytes;
  if (input.size() < 2 + extra) {
    header.missing = header.bytes - input.size();
    return header;
  }
  if (extra != 0) {
    header.size = ReadBigEndian(input.data() + 2, extra);
    // The shortest form is the only one (RFC 6455 5.2), and the top bit is none of the length.
    const uint64_t least = extra == 2 ? kLength16 : 0x10000;
    header.legal = header.size >= least && header.size >> 63 == 0;
  }
  return header;
}

// RFC 6455 7.4.1 and the registry behind it. 1004 to 1006 and 1015 never stand in a frame.
bool IsCloseCode(uint64_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

CloseCode JudgeClose(std::string_view body) {
  if (body.empty()) return CloseCode::kNone;
  if (body.size() == 1 || !IsCloseCode(ReadBigEndian(body.data(), 2))) {
    return CloseCode::kProtocolError;
  }
  return IsUtf8(body.substr(2)) ? CloseCode::kNone : CloseCode::kBadUtf8;
}

Decoder::Result Failed(CloseCode code) {
  Decoder::Result result;
  result.status = Decoder::Status::kError;
  result.error = code;
  return result;
}

Decoder::Result Message(Opcode opcode, std::string_view data, size_t consumed) {
  Decoder::Result result;
  result.status = Decoder::Status::kMessage;
  result.opcode = opcode;
  result.data = data;
  result.consumed = consumed;
  return result;
}

}  // namespace

Decoder::Result Decoder::Next(std::span<char> input, size_t message_bytes_max) {
  if (!fragmented_) fragments_.reset();  // the message handed out last
  size_t consumed = 0;
  // One turn per fragment: the caller is not bothered with a message of many tiny ones.
  for (;;) {
    const std::span<char> rest = input.subspan(consumed);
    const Header header = ReadHeader({rest.data(), rest.size()});
    const bool control = IsControl(header.opcode);
    if (!header.legal) return Failed(CloseCode::kProtocolError);
    if (rest.size() >= 2 && !control) {
      if (fragmented_ != (header.opcode == Opcode::kContinuation)) {
        return Failed(CloseCode::kProtocolError);
      }
      const size_t before = fragmented_ ? fragments_->size() : 0;
      if (header.missing == 0 &&
          (before > message_bytes_max || header.size > message_bytes_max - before)) {
        return Failed(CloseCode::kTooBig);
      }
    }
    // Nothing is unmasked before the whole frame is there: these bytes will come again.
    const size_t frame_bytes = header.bytes + static_cast<size_t>(header.size);
    if (header.missing != 0 || rest.size() < frame_bytes) {
      Result result;
      result.consumed = consumed;
      result.missing = header.missing != 0 ? header.missing : frame_bytes - rest.size();
      return result;
    }
    char* const payload = rest.data() + header.bytes;
    const std::string_view data(payload, static_cast<size_t>(header.size));
    Unmask(payload, data.size(), payload - kMaskBytes);
    consumed += frame_bytes;

    if (control) {
      if (header.opcode == Opcode::kClose) {
        const CloseCode fault = JudgeClose(data);
        if (fault != CloseCode::kNone) return Failed(fault);
      }
      return Message(header.opcode, data, consumed);
    }
    if (header.fin && !fragmented_) {
      if (header.opcode == Opcode::kText && !IsUtf8(data)) return Failed(CloseCode::kBadUtf8);
      return Message(header.opcode, data, consumed);
    }
    if (!fragmented_) {
      fragmented_ = true;
      fragments_opcode_ = header.opcode;
      fragments_ = std::make_unique<std::string>();
    }
    fragments_->append(data);
    if (!header.fin) continue;
    fragmented_ = false;
    // A code point may be cut by a fragment's end, so the whole is checked, once.
    if (fragments_opcode_ == Opcode::kText && !IsUtf8(*fragments_)) {
      return Failed(CloseCode::kBadUtf8);
    }
    return Message(fragments_opcode_, *fragments_, consumed);
  }
}

void AppendHeader(std::string* out, Opcode opcode, size_t size) {
  char header[10];
  header[0] = static_cast<char>(kFin | static_cast<uint8_t>(opcode));
  size_t extra = 0;
  if (size <= kControlBytesMax) {
    header[1] = static_cast<char>(size);
  } else if (size <= 0xffff) {
    header[1] = kLength16;
    extra = 2;
  } else {
    header[1] = kLength64;
    extra = 8;
  }
  for (size_t i = 0; i < extra; ++i) {
    header[2 + i] = static_cast<char>(size >> (8 * (extra - 1 - i)));
  }
  out->append(header, 2 + extra);
}

void AppendFrame(std::string* out, Opcode opcode, std::string_view data) {
  AppendHeader(out, opcode, data.size());
  out->append(data);
}

void AppendClose(std::string* out, CloseCode code) {
  if (code == CloseCode::kNone) return AppendHeader(out, Opcode::kClose, 0);
  const auto number = static_cast<uint16_t>(code);
  const char body[2] = {static_cast<char>(number >> 8), static_cast<char>(number)};
  AppendFrame(out, Opcode::kClose, {body, sizeof(body)});
}

std::string AcceptKey(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string out;
  base64::Append(&out, {reinterpret_cast<const char*>(digest), sizeof(digest)});
  return out;
}

}  // namespace smcp::ws
