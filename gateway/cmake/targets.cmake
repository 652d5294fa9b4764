# One target per folder; its PUBLIC links are the only folders it may include from, so a forbidden
# include fails to link or is caught by tests/tidy_test.py, and warnings are errors in our own code.

add_library(smcp_warnings INTERFACE)
target_compile_options(
  smcp_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False alarms of g++ 12 with optimisation, raised in the standard library's and Boost's headers.
  target_compile_options(smcp_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()

# smcp_library(name SOURCES a.cc ... LIBS public libraries ... PRIVATE_LIBS ...)
function(smcp_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                              $<INSTALL_INTERFACE:include>)
    target_link_libraries(${name} PUBLIC ${ARG_LIBS} PRIVATE ${ARG_PRIVATE_LIBS}
                                                             $<BUILD_INTERFACE:smcp_warnings>)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                 $<INSTALL_INTERFACE:include>)
    target_link_libraries(${name} INTERFACE ${ARG_LIBS})
  endif()
endfunction()

# smcp_program(name SOURCES ... LIBS ...): an executable in bin/.
function(smcp_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} smcp_warnings)
endfunction()

# smcp_precompile(name header...): what nearly every source of the target includes, parsed once. Only
# where it halves the time of a build: sources of generated protobuf messages.
function(smcp_precompile name)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${name} PRIVATE -fpch-preprocess) # for ccache
  endif()
endfunction()

# smcp_unit_test(name SOURCES ... LIBS ...): a GoogleTest binary in bin/tests/. What is tested is built
# like everything else; to optimise the tests themselves would double the time they take to compile.
function(smcp_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  smcp_program(${name} SOURCES ${ARG_SOURCES} LIBS ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE -O0)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
