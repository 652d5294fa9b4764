// HTTP header fields in order, duplicates kept, in one block of memory: a session keeps those of
// its handshake for life, and a pair of strings for each would be most of what it costs.
//
//   for (const auto [name, value] : headers) ...
//
// Thread rule: a value. Names and values beyond 65,535 bytes do not fit and are cut; the HTTP layer
// lets none through (HttpLimits::header_bytes_max).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace smcp {

class HeaderList {
 public:
  using Field = std::pair<std::string_view, std::string_view>;

  class Iterator {
   public:
    explicit Iterator(const char* at) : at_(at) {}
    Field operator*() const {
      const auto [name, value] = Sizes();
      return {{at_ + kHead, name}, {at_ + kHead + name, value}};
    }
    Iterator& operator++() {
      const auto [name, value] = Sizes();
      at_ += kHead + name + value;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    std::pair<size_t, size_t> Sizes() const {
      uint16_t sizes[2];
      std::memcpy(sizes, at_, kHead);
      return {sizes[0], sizes[1]};
    }
    const char* at_;
  };

  HeaderList() = default;
  HeaderList(std::initializer_list<Field> fields) {
    for (const auto& [name, value] : fields) Add(name, value);
  }

  void Reserve(size_t fields, size_t text_bytes) { bytes_.reserve(fields * kHead + text_bytes); }
  void Add(std::string_view name, std::string_view value) {
    name = name.substr(0, UINT16_MAX);
    value = value.substr(0, UINT16_MAX);
    const uint16_t sizes[2] = {static_cast<uint16_t>(name.size()),
                               static_cast<uint16_t>(value.size())};
    bytes_.append(reinterpret_cast<const char*>(sizes), kHead).append(name).append(value);
  }
  bool empty() const { return bytes_.empty(); }
  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }

 private:
  static constexpr size_t kHead = 2 * sizeof(uint16_t);  // the two sizes, in front of each field
  std::string bytes_;
};

}  // namespace smcp
