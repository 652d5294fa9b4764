#include "control/tokens.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "gateway/base/check.h"
#include "gateway/base/strings.h"

namespace smcp::control {

std::string BindingOf(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) {
    out.append(std::to_string(part.size())).append(":").append(part);
  }
  return out;
}

Tokens::Tokens() { SMCP_CHECK(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1); }

Tokens::Mac Tokens::MacOf(std::string_view binding, std::string_view position) const {
  const std::string text = BindingOf({binding, position});
  std::array<uint8_t, EVP_MAX_MD_SIZE> full{};
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const uint8_t*>(text.data()), text.size(), full.data(), &size);
  SMCP_CHECK(done != nullptr && size >= kMacBytes);
  Mac mac{};
  std::copy_n(full.begin(), kMacBytes, mac.begin());
  return mac;
}

std::string Tokens::Seal(std::string_view binding, std::string_view position) const {
  const Mac mac = MacOf(binding, position);
  std::string bytes(mac.begin(), mac.end());
  bytes.append(position);
  std::string token;
  absl::WebSafeBase64Escape(bytes, &token);
  return token;
}

std::optional<std::string> Tokens::Open(std::string_view binding, std::string_view token) const {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(ToAbsl(token), &bytes) || bytes.size() < kMacBytes) {
    return std::nullopt;
  }
  std::string position = bytes.substr(kMacBytes);
  const Mac mac = MacOf(binding, position);
  if (CRYPTO_memcmp(mac.data(), bytes.data(), kMacBytes) != 0) return std::nullopt;
  return position;
}

}  // namespace smcp::control
