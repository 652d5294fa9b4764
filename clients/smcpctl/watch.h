// Watches: on a terminal a table that is drawn anew when something changes, elsewhere one line of
// JSON per change.
//
// A watch ends with its stream, with Ctrl-C, with --timeout, or after --limit changes.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "clients/smcpctl/invocation.h"
#include "clients/smcpctl/view.h"

namespace smcpctl {

// The set a watch shows, kept up to date from changes with the fields added, modified, removed,
// bookmark and reset (OfficeChange, SessionChange, ToolCallChange).
class WatchedSet {
 public:
  // `key_of_removed` names the row that a change's `removed` takes away.
  using KeyOf = std::string (*)(const google::protobuf::Message&);
  WatchedSet(KeyOf key, KeyOf key_of_removed) : key_(key), key_of_removed_(key_of_removed) {}

  // True: an addition, a modification or a removal.
  bool Apply(const google::protobuf::Message& change);
  const std::map<std::string, std::unique_ptr<google::protobuf::Message>>& rows() const {
    return rows_;
  }
  const std::string& resume_token() const { return resume_token_; }
  // Of the row that was changed last.
  const std::string& last_key() const { return last_key_; }

 private:
  KeyOf key_;
  KeyOf key_of_removed_;
  std::map<std::string, std::unique_ptr<google::protobuf::Message>> rows_;
  std::string resume_token_;
  std::string last_key_;
};

absl::Status Watch(Invocation& run, const std::string& method,
                   const google::protobuf::Message& request, google::protobuf::Message* change,
                   const View& view, WatchedSet set);

}  // namespace smcpctl
