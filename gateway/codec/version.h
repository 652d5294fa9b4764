// a2c_version: the parse and the compatibility rule (SMCP-PROTOCOL.md 3.1), and the exact HTTP
// bodies of the version gate.
// Sans-IO, never throws; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smcp {

struct Version {
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t patch = 0;
};

// Three dot-separated groups of 1 to 9 ASCII digits, nothing else.
std::optional<Version> ParseVersion(std::string_view text);

// Protocol generations as the labels of the contract: G1 = 0.1 ... G5 = 0.5.
enum class Generation : uint8_t { kG1 = 1, kG2, kG3, kG4, kG5 };
// "0.3" for kG3.
std::string_view GenerationName(Generation generation);
// From a config entry such as "0.3"; nothing if unknown.
std::optional<Generation> ParseGeneration(std::string_view text);

struct VersionPolicy {
  std::vector<Generation> served = {Generation::kG1, Generation::kG2, Generation::kG3,
                                    Generation::kG4};  // not empty, ascending
  bool allow_unversioned = true;
};

struct VersionVerdict {
  bool accepted = false;
  Generation generation = Generation::kG1;
  std::string declared;  // as declared, percent-decoded; empty if none
  // If refused: HTTP 400 with this body, and `x-a2c-error-code: <error_code>` unless 0.
  std::string body;
  int error_code = 0;
};

// `declared` is the first a2c_version of the query; absent and empty are the same.
VersionVerdict JudgeVersion(std::optional<std::string> declared, const VersionPolicy& policy);

}  // namespace smcp
