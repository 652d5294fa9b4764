#include "control/watch_messages.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include "control/convert_time.h"
#include "smcp/control/v1/common.pb.h"

namespace smcp::control {

Bytes ChangeMessage(ChangeField field, const std::string& body, uint64_t seq) {
  using google::protobuf::internal::WireFormatLite;
  constexpr int kSeq = 6;
  auto out = std::make_shared<std::string>();
  out->reserve(body.size() + 24);
  {
    google::protobuf::io::StringOutputStream stream(out.get());
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.WriteTag(WireFormatLite::MakeTag(static_cast<int>(field),
                                           WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
    coded.WriteVarint32(static_cast<uint32_t>(body.size()));
    coded.WriteString(body);
    coded.WriteTag(WireFormatLite::MakeTag(kSeq, WireFormatLite::WIRETYPE_VARINT));
    coded.WriteVarint64(seq);
  }
  return out;
}

Bytes BookmarkMessage(const std::string& token, int64_t unix_ms, bool initial_set_complete,
                      uint64_t seq) {
  v1::Bookmark bookmark;
  bookmark.set_resume_token(token);
  *bookmark.mutable_time() = TimestampOf(unix_ms);
  bookmark.set_initial_set_complete(initial_set_complete);
  return ChangeMessage(ChangeField::kBookmark, bookmark.SerializeAsString(), seq);
}

Bytes ResetMessage(const std::string& cause, uint64_t seq) {
  v1::Reset reset;
  reset.set_cause(cause);
  return ChangeMessage(ChangeField::kReset, reset.SerializeAsString(), seq);
}

}  // namespace smcp::control
