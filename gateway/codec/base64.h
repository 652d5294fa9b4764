// Base64, standard alphabet for attachments and URL alphabet for session ids.
// Sans-IO, never throws; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace smcp::base64 {

// Standard alphabet with padding, appended to *out.
void Append(std::string* out, std::string_view bytes);
// Standard alphabet, padding optional but right when present; false (and *out unspecified) on any
// other character, white space included.
bool Decode(std::string_view text, std::string* out);
// URL alphabet, no padding.
std::string EncodeUrl(std::span<const uint8_t> bytes);
// Exactly out.size() bytes or false. Only the canonical spelling is accepted: two texts must not
// name one session.
bool DecodeUrl(std::string_view text, std::span<uint8_t> out);

}  // namespace smcp::base64
