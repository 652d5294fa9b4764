#include "clients/smcpctl/human.h"
#include "clients/smcpctl/views.h"
#include "smcp/type/v1/types.pb.h"

namespace smcpctl {
namespace {

using google::protobuf::Message;
using smcp::type::v1::ToolCall;

// So far, or in all.
int64_t Duration(const ToolCall& call, const Clock& clock) {
  if (!call.has_start_time()) return -1;
  const int64_t end = call.has_end_time() ? Nanoseconds(call.end_time()) : clock.now;
  return std::max<int64_t>(end - Nanoseconds(call.start_time()), 0);
}

Cell StateCell(const ToolCall& call) {
  const auto state = call.state();
  Tone tone = Tone::kBad;
  if (state == ToolCall::DONE) tone = Tone::kGood;
  if (state == ToolCall::SENT) tone = Tone::kPlain;
  if (state == ToolCall::CANCELLED) tone = Tone::kWarn;
  const bool ends = state == ToolCall::SENT && call.cancel_requested();
  return ends ? TextCell("cancelling", Tone::kWarn) : EnumCell(ToolCall::State_Name(state), tone);
}

// What is called: the tool, or for other requests the event.
std::string What(const ToolCall& call) {
  return call.tool_name().empty() ? call.event() : call.tool_name();
}

Cells CallCells(const ToolCall& c, const Clock& clock) {
  return {TextCell(c.req_id()),
          TextCell(c.office_id()),
          TextCell(c.agent_name()),
          TextCell(c.computer_name()),
          TextCell(What(c)),
          StateCell(c),
          SpanCell(Duration(c, clock)),
          TextCell(c.event()),
          MomentCell(TimeOf(c.has_start_time(), c.start_time()), clock),
          MomentCell(TimeOf(c.has_deadline(), c.deadline()), clock),
          SpanCellOf(c.phases().has_to_computer(), c.phases().to_computer()),
          SpanCellOf(c.phases().has_computer(), c.phases().computer()),
          SpanCellOf(c.phases().has_to_agent(), c.phases().to_agent()),
          SizeCell(c.request_bytes()),
          SizeCell(c.response_bytes()),
          TextCell(c.cancelled_by())};
}

Cells SlowCells(const ToolCall& c, const Clock& clock) {
  return {SpanCell(Duration(c, clock)),
          SpanCellOf(c.phases().has_to_computer(), c.phases().to_computer()),
          SpanCellOf(c.phases().has_computer(), c.phases().computer()),
          SpanCellOf(c.phases().has_to_agent(), c.phases().to_agent()),
          StateCell(c),
          TextCell(c.computer_name()),
          TextCell(What(c)),
          TextCell(c.office_id()),
          TextCell(c.req_id())};
}

}  // namespace

View CallView() {
  const Align left = Align::kLeft;
  const Align right = Align::kRight;
  const Cut last = Cut::kLast;
  return MakeView<ToolCall>({{"REQ-ID", left, Cut::kMiddle},
                             {"OFFICE", left, Cut::kMiddle},
                             {"AGENT", left, Cut::kMiddle},
                             {"COMPUTER", left, Cut::kMiddle},
                             {"TOOL", left, Cut::kMiddle},
                             {"STATE"},
                             {"TIME", right},
                             {"EVENT", left, last, true},
                             {"STARTED", left, last, true},
                             {"DEADLINE", left, last, true},
                             {"TO-COMPUTER", right, last, true},
                             {"IN-COMPUTER", right, last, true},
                             {"TO-AGENT", right, last, true},
                             {"REQUEST", right, last, true},
                             {"ANSWER", right, last, true},
                             {"CANCELLED-BY", left, last, true}},
                            CallCells, [](const ToolCall& c) { return c.req_id(); });
}

View SlowCallView() {
  const Align left = Align::kLeft;
  return MakeView<ToolCall>({{"TIME", Align::kRight},
                             {"TO-COMP", Align::kRight},
                             {"IN-COMP", Align::kRight},
                             {"TO-AGENT", Align::kRight},
                             {"STATE"},
                             {"COMPUTER", left, Cut::kMiddle},
                             {"TOOL", left, Cut::kMiddle},
                             {"OFFICE", left, Cut::kMiddle},
                             {"REQ-ID", left, Cut::kMiddle}},
                            SlowCells, [](const ToolCall& c) { return c.req_id(); });
}

Fields CallFields(const Message& message, const Clock& clock) {
  const auto& c = static_cast<const ToolCall&>(message);
  Fields fields{{"Request id", TextCell(c.req_id())},
                {"Office", TextCell(c.office_id())},
                {"Agent", TextCell(c.agent_name())},
                {"Computer", TextCell(c.computer_name())},
                {"Event", TextCell(c.event())},
                {"Tool", TextCell(c.tool_name())},
                {"State", StateCell(c)},
                {"Started", MomentCell(TimeOf(c.has_start_time(), c.start_time()), clock)},
                {"Deadline", MomentCell(TimeOf(c.has_deadline(), c.deadline()), clock)}};
  if (c.has_end_time()) {
    fields.emplace_back("Ended", MomentCell(Nanoseconds(c.end_time()), clock));
  }
  const auto& phases = c.phases();
  fields.emplace_back("Time", SpanCell(Duration(c, clock)));
  fields.emplace_back("  to Computer", SpanCellOf(phases.has_to_computer(), phases.to_computer()));
  fields.emplace_back("  in Computer", SpanCellOf(phases.has_computer(), phases.computer()));
  fields.emplace_back("  to Agent", SpanCellOf(phases.has_to_agent(), phases.to_agent()));
  fields.emplace_back("Request", SizeCell(c.request_bytes()));
  fields.emplace_back("Answer", SizeCell(c.response_bytes()));
  if (!c.cancelled_by().empty()) fields.emplace_back("Cancelled by", TextCell(c.cancelled_by()));
  fields.emplace_back("Node", TextCell(c.node_id()));
  return fields;
}

}  // namespace smcpctl
