// Run by the build: role_check <descriptor set made by protoc> <file to touch if all is well>.

#include <cstdio>
#include <fstream>

#include "control/role_check.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: role_check DESCRIPTOR_SET STAMP\n", stderr);
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  google::protobuf::FileDescriptorSet files;
  if (!in || !files.ParseFromIstream(&in) || files.file().empty()) {
    std::fprintf(stderr, "%s is no descriptor set\n", argv[1]);
    return 2;
  }
  const auto problems = smcp::control::MethodsWithoutRole(files);
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", problem.c_str());
  if (!problems.empty()) return 1;
  return std::ofstream(argv[2]) << "ok\n" ? 0 : 2;
}
