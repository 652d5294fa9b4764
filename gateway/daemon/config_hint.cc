#include "gateway/daemon/config_hint.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "gateway/daemon/config_text.h"

namespace smcp::config {
namespace {

// Longer input is nobody's typing error, and the distance costs its square.
constexpr size_t kLengthMax = 100;

size_t Tolerance(std::string_view word) { return std::max<size_t>(2, word.size() / 4); }

std::string_view LastWord(std::string_view path) { return path.substr(path.rfind('.') + 1); }

// The candidate with the least distance within the tolerance.
class Nearest {
 public:
  void Offer(std::string_view candidate, size_t distance, size_t tolerance) {
    if (distance <= tolerance && distance < least_) {
      least_ = distance;
      best_ = candidate;
    }
  }
  std::string Take() { return std::move(best_); }

 private:
  size_t least_ = std::numeric_limits<size_t>::max();
  std::string best_;
};

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string NearestPath(const Schema& schema, std::string_view path) {
  if (path.empty() || path.size() > kLengthMax) return "";
  const std::string typed = Lower(path);
  Nearest whole;
  Nearest word;
  const std::string_view typed_word = LastWord(typed);
  for (const Key& key : schema.keys()) {
    whole.Offer(key.path, EditDistance(typed, key.path), Tolerance(typed_word));
    const std::string_view key_word = LastWord(key.path);
    const size_t tolerance = key_word.size() >= 6 ? 2 : 0;
    word.Offer(key.path, EditDistance(typed_word, key_word), tolerance);
  }
  for (const std::string& section : schema.sections()) {
    whole.Offer(section, EditDistance(typed, section), Tolerance(typed_word));
  }
  std::string found = whole.Take();
  return found.empty() ? word.Take() : found;
}

std::string NearestWord(const google::protobuf::RepeatedPtrField<std::string>& words,
                        std::string_view word) {
  if (word.size() > kLengthMax) return "";
  Nearest nearest;
  for (const std::string& known : words) {
    // In a word of three letters (0.1, off) every other word would be near.
    if (known.size() >= 4) nearest.Offer(known, EditDistance(Lower(word), known), 2);
  }
  return nearest.Take();
}

}  // namespace smcp::config
