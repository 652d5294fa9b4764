// The connection to a gateway's control interface: unary calls and server streams of any method
// that is compiled in, by name.
//
// Generic on purpose: with descriptors at hand, one caller serves every method, and the headers of
// the generated stubs, which cost most of the compile time, are not needed.
//
// Thread rule: one thread. Errors are as rpc_error.h makes them.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace smcpctl {

struct Target {
  std::vector<std::string> addresses{};  // tried in this order until one connects
  bool tls = false;
  bool skip_verify = false;
  bool loopback = false;
  std::string token{};
  std::string ca_pem{};  // empty: the system's
  std::string cert_pem{};
  std::string key_pem{};
  std::string server_name{};
  int64_t timeout = 0;   // nanoseconds; of a unary call, and of connecting
  bool verbose = false;  // logs calls to stderr, never a token or a body
};

class Client {
 public:
  explicit Client(Target target);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `method` is "package.Service/Method".
  absl::Status Call(const std::string& method, const google::protobuf::Message& request,
                    google::protobuf::Message* response);

  // `each` is told of every message (the same object, filled anew) and says whether to go on; a
  // stream that it ends is OK. `idle`, if there is one, runs every 250 ms without a message.
  // `timeout` 0: none.
  using Each = std::function<bool()>;
  absl::Status Stream(const std::string& method, const google::protobuf::Message& request,
                      google::protobuf::Message* message, int64_t timeout, const Each& each,
                      const std::function<void()>& idle);

  // The address that is used, or the last one tried.
  const std::string& address() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smcpctl
