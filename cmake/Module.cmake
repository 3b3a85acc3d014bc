# One folder under src/ = one module = one library = one namespace. Three calls declare all of it.
#
#   fw_module(net LAYER tools SOURCES server.cc client.cc DEPS async base LIBS OpenSSL::SSL)
#   fw_tests(net SOURCES tests/server_test.cc [DEPS evals] [LIBS ...] [LABELS unit] [TIMEOUT 120])
#   fw_fuzz(net http_request SOURCE fuzz/http_request_fuzz.cc)        # corpus: fuzz/corpus/http_request/*
#
# DEPS are modules, LIBS come from outside. Layers from the bottom: base, tools, engines, wheel, faces, app. A module may
# depend on its own layer and on those below; tests/lint/layers.py checks the declarations and every include against them.

set(FW_LAYERS base tools engines wheel faces app)

find_package(GTest REQUIRED)
add_custom_target(fuzz_targets)

function(_fw_link target)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} PUBLIC fw_${dep})
  endforeach()
  if(ARG_LIBS)
    target_link_libraries(${target} PUBLIC ${ARG_LIBS})
  endif()
endfunction()

function(fw_module name)
  cmake_parse_arguments(ARG "" "LAYER" "SOURCES;DEPS;LIBS" ${ARGN})
  if(NOT ARG_LAYER IN_LIST FW_LAYERS)
    message(FATAL_ERROR "module ${name}: unknown layer '${ARG_LAYER}'; one of ${FW_LAYERS}")
  endif()
  add_library(fw_${name} STATIC ${ARG_SOURCES})
  add_library(fw::${name} ALIAS fw_${name})
  target_include_directories(fw_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  _fw_link(fw_${name} DEPS ${ARG_DEPS} LIBS ${ARG_LIBS})
endfunction()

# A test program per call: NAME_tests, or NAME_SUFFIX_tests when a module has programs with different labels.
function(fw_tests name)
  cmake_parse_arguments(ARG "" "SUFFIX;TIMEOUT" "SOURCES;DEPS;LIBS;LABELS" ${ARGN})
  set(target ${name}_tests)
  if(ARG_SUFFIX)
    set(target ${name}_${ARG_SUFFIX}_tests)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(FW_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 10")
  endif()
  add_executable(${target} ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  _fw_link(${target} DEPS ${name} ${ARG_DEPS} LIBS ${ARG_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
  set_tests_properties(${target} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "FLYWHEEL_SOURCE_DIR=${CMAKE_SOURCE_DIR};FLYWHEEL_BIN_DIR=${CMAKE_BINARY_DIR}/bin;TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan.supp")
endfunction()

# A libFuzzer target (preset fuzz); in every other build the same function replays its corpus as a test.
function(fw_fuzz name target_name)
  cmake_parse_arguments(ARG "" "SOURCE" "DEPS" ${ARGN})
  set(target fuzz_${name}_${target_name})
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${target_name})
  add_executable(${target} ${ARG_SOURCE})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  _fw_link(${target} DEPS ${name} ${ARG_DEPS})
  add_dependencies(fuzz_targets ${target})
  if(FW_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_test(NAME ${target} COMMAND ${target} -runs=0 ${corpus})
  else()
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/replay_corpus.cc)
    add_test(NAME ${target} COMMAND ${target} ${corpus})
  endif()
  set_tests_properties(${target} PROPERTIES LABELS "unit;fuzz" TIMEOUT 120)
endfunction()
