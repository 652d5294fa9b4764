// From what a person types to the one session or call that is meant.
//
// A word is looked up as a sid first, then as a name. One that fits several is an error that lists
// the candidates: nothing is ever chosen for the user.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "clients/smcpctl/invocation.h"
#include "smcp/type/v1/types.pb.h"

namespace smcpctl {

struct SessionQuery {
  std::string word{};
  std::string office{};  // narrows
  std::string role{};    // narrows: "agent", "computer" or empty
};
absl::StatusOr<smcp::type::v1::Session> FindSession(Invocation& run, const SessionQuery& query);

struct CallQuery {
  std::string req_id{};
  std::string office{};  // with agent: the whole key, no search
  std::string agent{};
  bool in_flight = false;  // looks at those only
};
absl::StatusOr<smcp::type::v1::ToolCall> FindCall(Invocation& run, const CallQuery& query);

}  // namespace smcpctl
