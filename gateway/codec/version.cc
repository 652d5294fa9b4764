#include "gateway/codec/version.h"

#include <algorithm>
#include <array>

#include "gateway/codec/chars.h"
#include "gateway/codec/json_text.h"

namespace smcp {
namespace {

constexpr size_t kGroupDigitsMax = 9;
// A refusal quotes what was declared, but must not be a way to make us send kilobytes.
constexpr size_t kQuotedBytesMax = 64;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr std::array<std::string_view, 5> kNames = {"0.1", "0.2", "0.3", "0.4", "0.5"};

// Takes a group of digits; nothing if there is none or it is too long.
std::optional<uint32_t> TakeGroup(std::string_view* text) {
  uint32_t value = 0;
  size_t digits = 0;
  for (; digits < text->size() && chars::IsDigit((*text)[digits]); ++digits) {
    if (digits == kGroupDigitsMax) return std::nullopt;
    value = value * 10 + static_cast<uint32_t>((*text)[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

// The size of the UTF-8 sequence at the front of `text`, 0 if there is no valid one.
size_t SequenceSize(std::string_view text) {
  const auto byte = [&text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) > 0x9f) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

// At most kQuotedBytesMax bytes of valid UTF-8.
std::string Presentable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t size = SequenceSize(text);
    const std::string_view piece = size == 0 ? kReplacement : text.substr(0, size);
    if (out.size() + piece.size() > kQuotedBytesMax) break;
    out += piece;
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

std::string BadRequestBody(std::string_view message) {
  std::string body = R"({"code": 400, "message": )";
  json::AppendQuoted(&body, message);
  body += '}';
  return body;
}

std::string MismatchBody(std::string_view declared, const VersionPolicy& policy) {
  const std::string lowest(GenerationName(policy.served.front()));
  const std::string highest(GenerationName(policy.served.back()));
  std::string body =
      R"({"code": 4008, "message": "Protocol version mismatch", "server_version": ")";
  body += highest + R"(.0", "client_version": )";
  json::AppendQuoted(&body, declared);
  body += R"(, "min_supported": ")" + lowest + R"(.0", "max_supported": ")" + highest + R"(.999"})";
  return body;
}

bool Serves(const VersionPolicy& policy, Generation generation) {
  return std::find(policy.served.begin(), policy.served.end(), generation) != policy.served.end();
}

}  // namespace

std::optional<Version> ParseVersion(std::string_view text) {
  std::array<uint32_t, 3> groups{};
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const std::optional<uint32_t> group = TakeGroup(&text);
    if (!group) return std::nullopt;
    groups[i] = *group;
  }
  if (!text.empty()) return std::nullopt;
  return Version{groups[0], groups[1], groups[2]};
}

std::string_view GenerationName(Generation generation) {
  return kNames[static_cast<size_t>(generation) - 1];
}

std::optional<Generation> ParseGeneration(std::string_view text) {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Generation>(found - kNames.begin() + 1);
}

VersionVerdict JudgeVersion(std::optional<std::string> declared, const VersionPolicy& policy) {
  VersionVerdict verdict;
  if (!declared || declared->empty()) {
    // Who declares nothing speaks 0.1 (SMCP-PROTOCOL.md 3.1): no way in where that is not served.
    verdict.accepted = policy.allow_unversioned && Serves(policy, Generation::kG1);
    if (!verdict.accepted) verdict.body = BadRequestBody("Missing a2c_version query parameter");
    return verdict;
  }
  verdict.declared = *std::move(declared);
  const std::optional<Version> version = ParseVersion(verdict.declared);
  if (!version) {
    verdict.body =
        BadRequestBody("Invalid a2c_version: Invalid version: " + Presentable(verdict.declared));
    return verdict;
  }
  // While the major is 0 every minor is a generation of its own; the patch is free.
  if (version->major == 0 && version->minor >= 1 && version->minor <= kNames.size()) {
    const auto generation = static_cast<Generation>(version->minor);
    if (Serves(policy, generation)) {
      verdict.accepted = true;
      verdict.generation = generation;
      return verdict;
    }
  }
  verdict.error_code = 4008;
  verdict.body = MismatchBody(verdict.declared, policy);
  return verdict;
}

}  // namespace smcp
