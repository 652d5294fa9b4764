// One run of one command: the flags it was given, its output, and a connection when it needs one.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/smcpctl/client.h"
#include "clients/smcpctl/contexts.h"
#include "clients/smcpctl/output.h"
#include "clients/smcpctl/settings.h"

namespace smcpctl {

// As given on the command line.
struct Flags {
  Settings settings{};
  std::string context{};
  bool no_headers = false;
  bool verbose = false;
  bool utc = false;
  // Lists and watches.
  std::string filter{};
  std::string sort_by{};
  int64_t limit = 0;  // 0: the command's own
  bool all = false;
  bool watch = false;
  // Changes.
  bool dry_run = false;
  bool force = false;
  bool yes = false;
  std::string reason{};
  std::string request_id{};
};

class Invocation {
 public:
  // `settings` are what flags, environment and context say together.
  Invocation(const Flags& flags, Settings settings, Output out)
      : flags_(flags), settings_(std::move(settings)), out_(std::move(out)) {}

  const Flags& flags() const { return flags_; }
  const Settings& settings() const { return settings_; }
  const Output& out() const { return out_; }

  // `method` is "OfficeService/ListOffices".
  absl::Status Call(const std::string& method, const google::protobuf::Message& request,
                    google::protobuf::Message* response);
  // Without --timeout a stream has no deadline. See Client::Stream.
  absl::Status Stream(const std::string& method, const google::protobuf::Message& request,
                      google::protobuf::Message* message, const Client::Each& each,
                      const std::function<void()>& idle);
  // Where calls go; connects if nothing has yet.
  absl::StatusOr<Client*> Connection();
  std::string address() const { return client_ == nullptr ? "" : client_->address(); }

  // Sets request_id (made up if none was given), reason and validate_only, where `request` has
  // them.
  void FillChange(google::protobuf::Message* request) const;

  // Asks on the terminal unless --yes or --dry-run. Without a terminal --yes is required.
  absl::Status Confirm(const std::string& question) const;

 private:
  const Flags& flags_;
  Settings settings_;
  Output out_;
  std::unique_ptr<Client> client_;
};

// Of a flag that takes a span; an empty text is 0.
absl::StatusOr<int64_t> SpanFlag(const char* flag, const std::string& text);

}  // namespace smcpctl
