// Opaque tokens of pages and watches: a position that the client hands back, sealed with a key of
// this process and bound to what it was made for. A token of another process, of another filter or
// changed by one bit is no token. Not encrypted: it holds nothing that the client was not told.
// Thread rule: immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace smcp::control {

// Texts joined so that no two lists of texts give the same binding.
std::string BindingOf(std::initializer_list<std::string_view> parts);

class Tokens {
 public:
  Tokens();  // with a random key

  std::string Seal(std::string_view binding, std::string_view position) const;
  std::optional<std::string> Open(std::string_view binding, std::string_view token) const;

 private:
  static constexpr size_t kMacBytes = 16;
  using Mac = std::array<uint8_t, kMacBytes>;
  Mac MacOf(std::string_view binding, std::string_view position) const;

  std::array<uint8_t, 32> key_{};
};

}  // namespace smcp::control
