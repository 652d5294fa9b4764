// How a command ends badly: an exit code and one line that says what and how to mend it.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace smcpctl {

// Scripts rely on these numbers.
enum class Exit : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kCannotConnect = 4,
  kDenied = 5,
  kPrecondition = 6,
  kDeadline = 7,
  kPartial = 8,
  kInvalidConfig = 9,
  kCancelled = 10,  // the user said no at the prompt
  kInterrupted = 130,
};

absl::Status Fail(Exit exit, const std::string& message);
absl::Status UsageError(const std::string& message);
// Ends with a code other than 0 and says nothing: what there is to say has been said.
absl::Status Quietly(Exit exit);

// kFailed for a status that Fail has not made.
Exit ExitOf(const absl::Status& status);

}  // namespace smcpctl
