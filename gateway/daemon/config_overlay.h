// What is pushed over the control interface, as text: checked with all its faults, cut to a mask,
// and written in one form, in which it is kept.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/daemon/config_schema.h"
#include "gateway/daemon/config_value.h"

namespace smcp::config {

struct Document {
  std::vector<Assignment> assignments{};
  std::vector<absl::Status> errors{};  // of ErrorAt
};
// Every value is checked against its key's rule. A secret that is the mask of a printed
// configuration stands for "as it is": the value of `previous` if it has one, else it is left out.
Document ReadDocument(const std::string& yaml, const std::vector<Assignment>& previous,
                      const Schema& schema);

// The keys that a mask of keys and sections names; the error is the path that is neither.
absl::StatusOr<std::vector<const Key*>> KeysOfMask(const std::vector<std::string>& mask,
                                                   const Schema& schema);

// `previous`, but for the keys in question what `document` says of them.
std::vector<Assignment> Merge(std::vector<Assignment> previous, std::vector<Assignment> document,
                              const std::vector<const Key*>& keys);

// YAML in the order of the schema; reads back as the same assignments, but for masked secrets.
std::string OverlayText(const std::vector<Assignment>& assignments, const Schema& schema,
                        bool mask_secrets);

}  // namespace smcp::config
