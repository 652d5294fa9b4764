#include "tests/guard/relay_world.h"

#include <charconv>

#include "gateway/auth/no_auth.h"
#include "gateway/backplane/local_backplane.h"
#include "gateway/base/check.h"
#include "gateway/smcp/smcp_namespace.h"

namespace smcp::guard {
namespace {

constexpr int64_t kStartMs = 1'000'000;
constexpr std::string_view kCallHead = R"(["client:tool_call",)";

// Rows as a tool returns them, until `bytes` are reached: mostly structure.
std::string Rows(size_t bytes) {
  std::string rows;
  for (int i = 0; rows.size() < bytes; ++i) {
    if (i > 0) rows += ',';
    rows += R"({"id":)" + std::to_string(i * 7) + R"(,"path":"src/main_)" + std::to_string(i) +
            R"(.cc","size":)" + std::to_string(1000 + i * 13) +
            R"(,"score":0.75,"tags":["a","b\n"],"ok":true,"next":null})";
  }
  return rows;
}

SessionLimits LimitsFor() {
  SessionLimits limits;
  // Nobody here answers pings.
  limits.ping_interval = std::chrono::hours(10'000);
  return limits;
}

}  // namespace

std::string RelayWorld::CallBody(size_t bytes) {
  const std::string head = R"({"agent":"agent","computer":"computer","tool_name":"search",)"
                           R"("req_id":"0123456789abcdef","timeout":30,"params":{"rows":[)";
  const size_t rest = bytes > head.size() + 25 ? bytes - head.size() - 25 : 0;
  if (rest < 100) return head + "1,2,3]}}";
  return head + Rows(rest) + "]}}";
}

std::string RelayWorld::AnswerBody(size_t bytes) {
  const std::string head = R"([{"content":[{"type":"text","text":"done"}],"isError":false,)"
                           R"("meta":{"rows":[)";
  const size_t rest = bytes > head.size() + 5 ? bytes - head.size() - 5 : 0;
  return head + Rows(rest) + "]}}]";
}

void AppendClientFrame(std::string* out, std::string_view text) {
  const size_t at = out->size();
  ws::AppendHeader(out, ws::Opcode::kText, text.size());
  (*out)[at + 1] = static_cast<char>((*out)[at + 1] | 0x80);
  out->append(4, '\0').append(text);
}

std::string_view TakeServerFrame(std::string_view* bytes) {
  if (bytes->size() < 2) return {};
  const auto at = [bytes](size_t i) { return static_cast<uint8_t>((*bytes)[i]); };
  size_t size = at(1);
  const size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (extra != 0) size = 0;
  if (bytes->size() < 2 + extra) return {};
  for (size_t i = 0; i < extra; ++i) size = size << 8 | at(2 + i);
  if (bytes->size() < 2 + extra + size) return {};
  const std::string_view text = bytes->substr(2 + extra, size);
  bytes->remove_prefix(2 + extra + size);
  return text;
}

RelayWorld::RelayWorld(Lines& lines, size_t offices, size_t body_bytes)
    : lines_(lines),
      limits_(LimitsFor()),
      clock_(kStartMs),
      timers_(kStartMs),
      domain_(SmcpDomain::Create(SmcpOptions(), std::make_shared<NoAuthenticationProvider>(),
                                 std::make_shared<LocalBackplane>())),
      host_(PeerHost::Services{0, &lines.scheduler(), &timers_, &clock_, &random_, &limits_,
                               &admission_, nullptr}),
      answer_body_(AnswerBody(body_bytes)) {
  sio::NamespaceContext context;
  context.name = "/smcp";
  context.scheduler = &lines.scheduler();
  context.timers = &timers_;
  context.clock = &clock_;
  host_.namespaces().insert_or_assign("/smcp", SmcpNamespace::Factory(domain_)(std::move(context)));
  const std::string call = "42/smcp,77" + std::string(kCallHead) + CallBody(body_bytes) + "]";
  for (size_t i = 0; i < offices; ++i) {
    const std::string office_id = "office-" + std::to_string(i);
    Office& office = offices_.emplace_back();
    office.agent = Join("agent", "agent", office_id);
    office.computer = Join("computer", "computer", office_id);
    office.agent->Receive(&received_);  // the news of it
    AppendClientFrame(&office.call_frame, call);
  }
}

RelayWorld::~RelayWorld() {
  host_.CloseAll(sio::DisconnectReason::kServerShuttingDown);
  lines_.Run();
}

std::unique_ptr<Line> RelayWorld::Join(std::string_view role, std::string_view name,
                                       std::string_view office) {
  std::unique_ptr<Line> line = lines_.Open(host_);
  frame_.clear();
  AppendClientFrame(&frame_, "40/smcp,");
  line->Send(frame_);
  lines_.Run();
  text_ = R"(42/smcp,0["server:join_office",{"role":")";
  text_.append(role).append(R"(","name":")").append(name).append(R"(","office_id":")");
  text_.append(office).append(R"("}])");
  frame_.clear();
  AppendClientFrame(&frame_, text_);
  line->Send(frame_);
  lines_.Run();
  line->Receive(&received_);
  SMCP_CHECK(received_.find("43/smcp,0[true,null]") != std::string::npos);
  return line;
}

void RelayWorld::OpenIdle() {
  // As many to an office as a large one has.
  constexpr size_t kOfficeMembers = 100;
  const size_t number = idle_.size();
  idle_.push_back(Join("computer", "computer-" + std::to_string(number),
                       "idle-" + std::to_string(number / kOfficeMembers)));
}

bool RelayWorld::Relay(size_t count) {
  bool good = true;
  for (size_t i = 0; i < count; ++i) {
    good = RelayOne(offices_[next_office_]) && good;
    next_office_ = (next_office_ + 1) % offices_.size();
    clock_.Set(clock_.NowMs() + 1);
    timers_.Advance(clock_.NowMs());
  }
  return good;
}

bool RelayWorld::AnswerCalls(Office& office, size_t calls) {
  const std::string_view sent = std::string_view(office.call_frame);
  const std::string_view payload = sent.substr(sent.find('['));
  office.computer->Receive(&received_);
  std::string_view bytes = received_;
  frame_.clear();
  for (size_t i = 0; i < calls; ++i) {
    const std::string_view call = TakeServerFrame(&bytes);
    const size_t at = call.find('[');
    if (at == call.npos || !call.starts_with("42/smcp,") || call.substr(at) != payload) {
      return false;
    }
    text_.assign("43/smcp,").append(call.substr(8, at - 8)).append(answer_body_);
    AppendClientFrame(&frame_, text_);
  }
  return bytes.empty();
}

bool RelayWorld::ReadAnswers(Office& office, size_t calls) {
  office.agent->Receive(&received_);
  std::string_view bytes = received_;
  for (size_t i = 0; i < calls; ++i) {
    const std::string_view answer = TakeServerFrame(&bytes);
    if (!answer.starts_with("43/smcp,77[") || answer.substr(10) != answer_body_) return false;
  }
  return bytes.empty();
}

bool RelayWorld::RelayOne(Office& office) {
  office.agent->Send(office.call_frame);
  lines_.Run();
  if (!AnswerCalls(office, 1)) return false;
  office.computer->Send(frame_);
  lines_.Run();
  return ReadAnswers(office, 1);
}

bool RelayWorld::RelayTogether(size_t each) {
  std::string calls;
  for (Office& office : offices_) {
    calls.clear();
    for (size_t i = 0; i < each; ++i) calls += office.call_frame;
    office.agent->Send(calls);
  }
  lines_.Run();
  bool good = true;
  for (Office& office : offices_) {
    good = AnswerCalls(office, each) && good;
    office.computer->Send(frame_);
  }
  lines_.Run();
  for (Office& office : offices_) good = ReadAnswers(office, each) && good;
  return good;
}

}  // namespace smcp::guard
