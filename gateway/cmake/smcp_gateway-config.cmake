# find_package(smcp_gateway): what the archives are linked with, then the targets.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(absl)
find_dependency(Boost 1.81)
find_dependency(simdjson)
find_dependency(OpenSSL COMPONENTS Crypto)
include(${CMAKE_CURRENT_LIST_DIR}/smcp_gateway-targets.cmake)
