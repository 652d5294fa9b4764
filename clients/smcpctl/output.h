// Where results and messages go: results to stdout in the format asked for, messages to stderr.
//
// Thread rule: one thread. Everything printed is flushed at once, so that a pipe sees it and an
// interrupt loses nothing.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "clients/smcpctl/formats.h"
#include "clients/smcpctl/view.h"

namespace smcpctl {

struct OutputOptions {
  Format format = Format::kTable;
  bool headers = true;
  bool color = false;
  bool utc = false;
  bool tty = false;   // stdout is a terminal
  size_t width = 80;  // of it; 80 elsewhere
  size_t height = 24;
};

class Output {
 public:
  explicit Output(OutputOptions options) : options_(options) {}

  const OutputOptions& options() const { return options_; }
  Format format() const { return options_.format; }
  bool IsTable() const { return format() == Format::kTable || format() == Format::kWide; }
  TableStyle Style() const;
  Clock Now() const;

  void Print(std::string_view text) const;
  void Note(std::string_view text) const;  // to stderr, one line, "smcpctl: " in front

  // A list: a table, a line per row, or `response` as a whole.
  void Rows(const View& view, const std::vector<const google::protobuf::Message*>& rows,
            const google::protobuf::Message& response) const;
  // One thing: its fields, its name, or itself.
  void One(const google::protobuf::Message& message, const Fields& fields,
           const std::string& name) const;
  // What no message holds: rows that were worked out here. Their JSON form is a list of objects
  // whose keys are the titles (REQ-ID is reqId); numbers are numbers, spans seconds.
  void Local(const std::vector<Column>& columns, const std::vector<Cells>& rows,
             size_t name_column) const;

  // `message` on one line, or as a document of its own in YAML: for streams.
  void Piece(const google::protobuf::Message& message) const;

 private:
  OutputOptions options_;
};

// "reqId" of "REQ-ID".
std::string JsonKey(std::string_view title);

}  // namespace smcpctl
