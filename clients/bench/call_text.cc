#include "clients/bench/call_text.h"

#include <algorithm>
#include <charconv>

namespace smcp_bench {
namespace {

constexpr size_t kStarts = 65'521;  // a prime: neighbouring calls start far apart
constexpr std::string_view kEventHead = R"(["client:tool_call",{"agent":")";
constexpr std::string_view kIdKey = R"(","req_id":")";
constexpr std::string_view kComputerKey = R"(","computer":")";
constexpr std::string_view kFillingKey = R"(","tool_name":"echo","params":{"text":")";
constexpr size_t kEventOnly = std::string_view(R"(["client:tool_call",)").size();

std::string RandomText(size_t size) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text(size, '\0');
  uint64_t state = 0x9e3779b97f4a7c15;
  for (char& c : text) {
    state = state * 6364136223846793005 + 1442695040888963407;
    c = kLetters[state >> 58];
  }
  return text;
}

// Takes `expected` off the front of `*text`.
bool Take(std::string_view* text, std::string_view expected) {
  if (!text->starts_with(expected)) return false;
  text->remove_prefix(expected.size());
  return true;
}

bool ParseId(std::string_view text, uint32_t* office, uint64_t* call) {
  if (text.size() != 16) return false;
  const auto a = std::from_chars(text.data(), text.data() + 6, *office, 16);
  const auto b = std::from_chars(text.data() + 6, text.data() + 16, *call, 16);
  return a.ptr == text.data() + 6 && b.ptr == text.data() + 16;
}

}  // namespace

CallText::CallText(size_t bytes, size_t name_length) : name_length_(name_length) {
  const size_t request = kEventHead.size() - kEventOnly + kIdKey.size() + 16 + kComputerKey.size() +
                         kFillingKey.size() + 2 * name_length + kRequestTail.size() - 1;
  const size_t answer = kAnswerHead.size() + 16 + kAnswerTail.size() - 2;
  request_filling_ = bytes > request ? bytes - request : 0;
  answer_filling_ = bytes > answer ? bytes - answer : 0;
  text_ = RandomText(kStarts + std::max(request_filling_, answer_filling_));
}

CallParties CallText::Parties(std::string_view agent, std::string_view computer) {
  CallParties parties;
  parties.head.append(kEventHead).append(agent).append(kIdKey);
  parties.middle.append(kComputerKey).append(computer).append(kFillingKey);
  return parties;
}

CallText::CallId CallText::Id(uint32_t office, uint64_t call) {
  constexpr std::string_view kHex = "0123456789abcdef";
  CallId id;
  for (size_t i = 0; i < 6; ++i) id[5 - i] = kHex[(office >> (4 * i)) & 15];
  for (size_t i = 0; i < 10; ++i) id[15 - i] = kHex[(call >> (4 * i)) & 15];
  return id;
}

std::string_view CallText::Slice(uint64_t mix, size_t size) const {
  return std::string_view(text_).substr((mix * 0x9e3779b97f4a7c15 >> 20) % kStarts, size);
}

std::string_view CallText::RequestFilling(uint32_t office, uint64_t call) const {
  return Slice((uint64_t{office} << 40) ^ (call << 1), request_filling_);
}

std::string_view CallText::AnswerFilling(uint32_t office, uint64_t call) const {
  return Slice((uint64_t{office} << 40) ^ (call << 1) ^ 1, answer_filling_);
}

bool CallText::ReadId(std::string_view request, uint32_t* office, uint64_t* call) const {
  const size_t before = kEventHead.size() + name_length_ + kIdKey.size();
  if (request.size() < before + 16 || !request.starts_with(kEventHead)) return false;
  return ParseId(request.substr(before, 16), office, call);
}

Verdict CallText::CheckRequest(std::string_view json, const CallParties& parties, uint32_t office,
                               uint64_t call) const {
  const CallId id = Id(office, call);
  std::string_view rest = json;
  if (Take(&rest, parties.head) && Take(&rest, {id.data(), id.size()}) &&
      Take(&rest, parties.middle) && Take(&rest, RequestFilling(office, call)) &&
      rest == kRequestTail) {
    return Verdict::kExact;
  }
  uint32_t other_office = 0;
  uint64_t other_call = 0;
  const bool readable = ReadId(json, &other_office, &other_call);
  return readable && other_office != office ? Verdict::kOtherCall : Verdict::kAltered;
}

Verdict CallText::CheckAnswer(std::string_view json, uint32_t office, uint64_t call) const {
  const CallId id = Id(office, call);
  std::string_view rest = json;
  if (!Take(&rest, kAnswerHead)) return Verdict::kAltered;
  const std::string_view found = rest.substr(0, 16);
  if (Take(&rest, {id.data(), id.size()})) {
    return Take(&rest, AnswerFilling(office, call)) && rest == kAnswerTail ? Verdict::kExact
                                                                           : Verdict::kAltered;
  }
  // Another id: either somebody else's answer, whole, or ours with a damaged id.
  uint32_t other_office = 0;
  uint64_t other_call = 0;
  if (!ParseId(found, &other_office, &other_call)) return Verdict::kAltered;
  rest.remove_prefix(16);
  return rest.starts_with(AnswerFilling(other_office, other_call)) ? Verdict::kOtherCall
                                                                   : Verdict::kAltered;
}

}  // namespace smcp_bench
