// The bytes of tool calls and their answers, and whether what arrived is exactly what was sent.
// JSON without blanks, ASCII only, request keys in the order of the SDKs' own types and answer keys
// in alphabetical order: servers that parse and write again give the same bytes. Each call has its
// own filling, a slice of one pseudo-random text, so building costs a copy and checking a
// comparison. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smcp_bench {

// Names of one office's members, as in the JSON.
struct CallParties {
  std::string head;    // of the request, up to its id
  std::string middle;  // from there up to its filling
};

enum class Verdict {
  kExact,
  kOtherCall,  // a whole, well-formed text of another call or office
  kAltered,    // anything else
};

class CallText {
 public:
  using CallId = std::array<char, 16>;  // hex: office (6 digits), call (10 digits)

  // `bytes` is the size of the request object and of the answer object.
  explicit CallText(size_t bytes, size_t name_length);

  static CallParties Parties(std::string_view agent, std::string_view computer);
  static CallId Id(uint32_t office, uint64_t call);
  // The call number of a request that is in the usual place; false when it cannot be read.
  bool ReadId(std::string_view request, uint32_t* office, uint64_t* call) const;

  // Parts of `["client:tool_call",{...}]`: head, id, middle, filling, tail.
  std::string_view RequestFilling(uint32_t office, uint64_t call) const;
  static constexpr std::string_view kRequestTail = R"("},"timeout":30}])";

  // Parts of `[{...}]`: head, id, filling, tail.
  std::string_view AnswerFilling(uint32_t office, uint64_t call) const;
  static constexpr std::string_view kAnswerHead = R"([{"content":[{"text":")";
  static constexpr std::string_view kAnswerTail = R"(","type":"text"}],"isError":false}])";

  Verdict CheckRequest(std::string_view json, const CallParties& parties, uint32_t office,
                       uint64_t call) const;
  Verdict CheckAnswer(std::string_view json, uint32_t office, uint64_t call) const;
  // True for an object that was made as an answer by some Computer of this program.
  static bool LooksLikeAnswer(std::string_view json) { return json.starts_with(kAnswerHead); }

 private:
  std::string_view Slice(uint64_t mix, size_t size) const;

  std::string text_;
  size_t name_length_;
  size_t request_filling_;
  size_t answer_filling_;
};

}  // namespace smcp_bench
