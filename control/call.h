// One call of one method, between the transport and its handler. Knows no gRPC: the transport is a
// Sink, which tests replace.
//
// How to add a method: write it into its proto with (required_role); in its service's AddMethods
// (service.h) call table.AddUnary<Request, Response>("package.Service.Method", handler) or
// AddStream. The handler gets a Unary or a Stream by value, may keep it, copy it and move it to any
// thread, and answers once. By then the caller is known, has the role and may see the offices that
// the request names; request_id, the time limit and the audit entry are taken care of behind it
// (pipeline.h). Left to the handler: validate_only(), MayTouch() where the office is only known
// later (of a sid), filtering what it lists by caller().MaySee().
//
// A call that nobody answers, because what held it was dropped, ends as UNAVAILABLE NODE_STOPPING.
// Thread rule: everything here may be used from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/access.h"
#include "google/protobuf/message.h"

namespace smcp::control {

using Bytes = std::shared_ptr<const std::string>;  // a serialized message

// Where the answer goes.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Send(Bytes message) = 0;
  // The first one counts.
  virtual void Finish(absl::Status status) = 0;
  // Messages, and their bytes, that the transport has not taken yet.
  struct Backlog {
    size_t messages = 0;
    size_t bytes = 0;
  };
  virtual Backlog backlog() const = 0;
  virtual bool gone() const = 0;  // nobody reads the answer any more
  // At most one function. It runs whenever the backlog has become small again and when the reader
  // has gone, on the transport's thread, under no lock; it must not block.
  virtual void OnChange(std::function<void()> changed) = 0;
};

struct Method;

class Call {
 public:
  using Finished = std::function<void(Call&, const absl::Status&)>;

  Call(std::shared_ptr<const Method> call_method, Caller who, std::shared_ptr<Sink> sink);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const Method& method() const { return *method_; }
  const Caller& caller() const { return caller_; }
  const google::protobuf::Message& request() const { return *request_; }
  bool validate_only() const { return validate_only_; }
  const std::string& reason() const { return reason_; }
  const std::string& request_id() const { return request_id_; }
  // OFFICE_SCOPE if the caller's credential is limited to other offices.
  absl::Status MayTouch(std::string_view office_id) const {
    return RequireOffice(caller_, office_id);
  }

  // For the audit entry: what was changed, and what came of it.
  void SetTarget(std::string target);
  void SetDetail(std::string detail);
  std::string target() const;
  std::string detail() const;

  void Send(Bytes message);
  void Finish(const absl::Status& status);  // the first one counts
  bool finished() const { return finished_.load(std::memory_order_acquire); }
  Sink& sink() { return *sink_; }
  const std::shared_ptr<Sink>& shared_sink() { return sink_; }

 private:
  friend class Pipeline;

  const std::shared_ptr<const Method> method_;
  const Caller caller_;
  const std::shared_ptr<Sink> sink_;
  std::unique_ptr<google::protobuf::Message> request_;
  bool validate_only_ = false;
  std::string reason_;
  std::string request_id_;
  std::function<void(const Bytes&)> on_send_;
  Finished on_finish_;
  std::atomic<bool> finished_{false};
  mutable std::mutex mutex_;
  std::string target_;
  std::string detail_;
};

template <class RequestType>
class CallHandle {
 public:
  explicit CallHandle(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  const RequestType& request() const { return static_cast<const RequestType&>(call_->request()); }
  const Caller& caller() const { return call_->caller(); }
  bool validate_only() const { return call_->validate_only(); }
  const std::string& reason() const { return call_->reason(); }
  absl::Status MayTouch(std::string_view office_id) const { return call_->MayTouch(office_id); }
  void SetTarget(std::string target) const { call_->SetTarget(std::move(target)); }
  void SetDetail(std::string detail) const { call_->SetDetail(std::move(detail)); }
  // The reader has gone: work on its behalf may stop.
  bool gone() const { return call_->finished() || call_->sink().gone(); }
  Call& call() const { return *call_; }
  const std::shared_ptr<Call>& shared_call() const { return call_; }

 protected:
  std::shared_ptr<Call> call_;
};

template <class RequestType, class Response>
class Unary : public CallHandle<RequestType> {
 public:
  using CallHandle<RequestType>::CallHandle;
  void Answer(const Response& response) const {
    this->call_->Send(std::make_shared<const std::string>(response.SerializeAsString()));
    this->call_->Finish(absl::OkStatus());
  }
  void Answer(const absl::StatusOr<Response>& response) const {
    if (response.ok()) {
      Answer(*response);
    } else {
      Fail(response.status());
    }
  }
  void Fail(const absl::Status& status) const { this->call_->Finish(status); }
};

template <class RequestType, class Response>
class Stream : public CallHandle<RequestType> {
 public:
  using CallHandle<RequestType>::CallHandle;
  void Send(const Response& message) const {
    this->call_->Send(std::make_shared<const std::string>(message.SerializeAsString()));
  }
  void Finish(const absl::Status& status) const { this->call_->Finish(status); }
};

}  // namespace smcp::control
