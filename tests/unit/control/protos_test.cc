#include <gtest/gtest.h>

#include "control/reflection.h"
#include "control/role_check.h"
#include "control/watch_messages.h"
#include "google/protobuf/descriptor.h"
#include "smcp/control/v1/office_service.pb.h"
#include "smcp/control/v1/session_service.pb.h"
#include "smcp/control/v1/tool_call_service.pb.h"

namespace smcp::control {
namespace {

google::protobuf::FileDescriptorSet OneMethod(v1::AccessRole role) {
  google::protobuf::FileDescriptorSet files;
  auto* file = files.add_file();
  file->set_name("bad.proto");
  auto* service = file->add_service();
  service->set_name("Cellar");
  auto* method = service->add_method();
  method->set_name("Open");
  if (role != v1::ACCESS_ROLE_UNSPECIFIED) {
    method->mutable_options()->SetExtension(v1::required_role, role);
  }
  return files;
}

TEST(RoleCheck, FindsTheMethodThatSaysNothing) {
  const auto problems = MethodsWithoutRole(OneMethod(v1::ACCESS_ROLE_UNSPECIFIED));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0], "bad.proto: Cellar.Open has no (smcp.control.v1.required_role)");
  EXPECT_TRUE(MethodsWithoutRole(OneMethod(v1::VIEWER)).empty());
}

// watch_messages.cc writes these fields by number.
TEST(WatchMessages, FieldsHaveTheNumbersTheyShare) {
  for (const auto* change : {v1::SessionChange::descriptor(), v1::OfficeChange::descriptor(),
                             v1::ToolCallChange::descriptor()}) {
    int number = 0;
    for (const char* name : {"added", "modified", "removed", "bookmark", "reset", "seq"}) {
      const auto* field = change->FindFieldByName(name);
      ASSERT_NE(field, nullptr) << change->full_name();
      EXPECT_EQ(field->number(), ++number) << field->full_name();
    }
  }
}

TEST(WatchMessages, AreWhatTheGeneratedCodeReads) {
  type::v1::Session session;
  session.set_sid(std::string(300, 's'));
  v1::SessionChange change;
  ASSERT_TRUE(change.ParseFromString(
      *ChangeMessage(ChangeField::kModified, session.SerializeAsString(), 1ULL << 40U)));
  EXPECT_EQ(change.modified().sid().size(), 300U);
  EXPECT_EQ(change.seq(), 1ULL << 40U);
  ASSERT_TRUE(change.ParseFromString(*BookmarkMessage("t", 1'500, true, 7)));
  EXPECT_EQ(change.bookmark().resume_token(), "t");
  EXPECT_EQ(change.bookmark().time().nanos(), 500'000'000);
  ASSERT_TRUE(change.ParseFromString(*ResetMessage("slow", 7)));
  EXPECT_EQ(change.reset().cause(), "slow");
}

class ReflectionTest : public testing::Test {
 protected:
  grpc::reflection::v1::ServerReflectionResponse Ask() {
    return AnswerReflection(request_, {"a.Service"});
  }
  grpc::reflection::v1::ServerReflectionRequest request_;
};

TEST_F(ReflectionTest, ListsServices) {
  request_.set_list_services("*");
  EXPECT_EQ(Ask().list_services_response().service(0).name(), "a.Service");
}

TEST_F(ReflectionTest, GivesAFileWithAllItImports) {
  request_.set_file_containing_symbol("smcp.control.v1.OfficeService");
  const auto answer = Ask().file_descriptor_response();
  std::string names;
  for (const auto& bytes : answer.file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(bytes));
    names += file.name() + " ";
    if (file.name() != "smcp/control/v1/office_service.proto") continue;
    EXPECT_EQ(file.service(0).method(0).options().GetExtension(v1::required_role), v1::VIEWER)
        << "reflection shows the role";
  }
  EXPECT_NE(names.find("smcp/type/v1/types.proto"), std::string::npos);
  EXPECT_NE(names.find("google/protobuf/timestamp.proto"), std::string::npos);
}

TEST_F(ReflectionTest, KnowsExtensions) {
  request_.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  EXPECT_EQ(Ask().all_extension_numbers_response().extension_number(0), 50821);
  request_.mutable_file_containing_extension()->set_containing_type(
      "google.protobuf.MethodOptions");
  request_.mutable_file_containing_extension()->set_extension_number(50821);
  EXPECT_GT(Ask().file_descriptor_response().file_descriptor_proto_size(), 0);
}

TEST_F(ReflectionTest, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(Ask().error_response().error_code(), 3);
  request_.set_file_by_filename("nothing.proto");
  EXPECT_EQ(Ask().error_response().error_code(), 5);
  request_.set_file_containing_symbol("no.Symbol");
  EXPECT_EQ(Ask().error_response().error_code(), 5);
}

}  // namespace
}  // namespace smcp::control
