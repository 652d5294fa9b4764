#include "clients/smcpctl/view.h"

#include <cctype>

#include "clients/smcpctl/human.h"
#include "clients/smcpctl/text.h"

namespace smcpctl {

int64_t Nanoseconds(const google::protobuf::Timestamp& time) {
  return time.seconds() * kSecond + time.nanos();
}

int64_t Nanoseconds(const google::protobuf::Duration& span) {
  return span.seconds() * kSecond + span.nanos();
}

Cell TextCell(const std::string& text, Tone tone) {
  return {text.empty() ? "-" : Printable(text), 0, false, tone};
}

Cell CountCell(uint64_t count) {
  return {std::to_string(count), static_cast<double>(count), true, Tone::kPlain};
}

Cell SizeCell(uint64_t bytes) {
  return {Bytes(bytes), static_cast<double>(bytes), true, Tone::kPlain};
}

Cell SpanCell(int64_t nanoseconds) {
  if (nanoseconds < 0) return TextCell("");
  return {Span(nanoseconds), static_cast<double>(nanoseconds) / 1e9, true, Tone::kPlain};
}

Cell TimeCell(int64_t nanoseconds, const Clock& clock) {
  if (nanoseconds == 0) return TextCell("");
  if (clock.absolute) return MomentCell(nanoseconds, clock);
  return {Ago(nanoseconds, clock.now), static_cast<double>(nanoseconds) / 1e9, true, Tone::kPlain};
}

Cell MomentCell(int64_t nanoseconds, const Clock& clock) {
  if (nanoseconds == 0) return TextCell("");
  return {Rfc3339(nanoseconds, clock.utc), static_cast<double>(nanoseconds) / 1e9, true,
          Tone::kPlain};
}

Cell EnumCell(const std::string& name, Tone tone) {
  if (name.find("UNSPECIFIED") != std::string::npos) return TextCell("");
  std::string lower = name;
  for (char& c : lower) {
    c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return TextCell(lower, tone);
}

}  // namespace smcpctl
