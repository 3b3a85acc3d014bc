# One folder under src/ = one module = one library = one namespace. These calls declare all of it.
#
#   fw_module(net LAYER tools SOURCES server.cc client.cc DEPS async base LIBS OpenSSL::SSL)
#   fw_tests(net SOURCES tests/server_test.cc [DEPS evals] [LIBS ...] [LABELS unit] [TIMEOUT 120])
#   fw_fuzz(net http_request SOURCE fuzz/http_request_fuzz.cc)        # corpus: fuzz/corpus/http_request/*
#   fw_python_tests(gateway NAMES keys kill LABEL integration TIMEOUT 900 RUN_SERIAL)   # tests/gateway/keys_test.py
#
# DEPS are modules, LIBS come from outside. Layers from the bottom: base, tools, engines, wheel, faces, app. A module may
# depend on its own layer and on those below; tests/lint/layers.py checks the declarations and every include against them.

set(FW_LAYERS base tools engines wheel faces app)

find_package(GTest REQUIRED)
add_custom_target(fuzz_targets)

# Sets the variable to what a test of so many seconds may take in this build: sanitizers slow everything down.
function(fw_timeout variable)
  if(FW_SANITIZE)
    math(EXPR ${variable} "${${variable}} * 10")
    set(${variable} ${${variable}} PARENT_SCOPE)
  endif()
endfunction()

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
  fw_timeout(ARG_TIMEOUT)
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
  set(timeout 120)
  fw_timeout(timeout)
  set_tests_properties(${target} PROPERTIES LABELS "unit;fuzz" TIMEOUT ${timeout})
endfunction()

# FOLDER_NAME for each file NAME_test.py of the folder of tests, which drives the built programs from outside; the one
# that is called as its folder has that name alone.
function(fw_python_tests folder)
  cmake_parse_arguments(ARG "RUN_SERIAL" "LABEL;TIMEOUT" "NAMES" ${ARGN})
  fw_timeout(ARG_TIMEOUT)
  foreach(name IN LISTS ARG_NAMES)
    set(test ${folder}_${name})
    if(name STREQUAL folder)
      set(test ${folder})
    endif()
    add_test(NAME ${test} COMMAND ${FW_PYTHON} -m unittest -v ${name}_test WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${test} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL ${ARG_RUN_SERIAL}
      ENVIRONMENT "FLYWHEEL_BIN_DIR=${CMAKE_BINARY_DIR}/bin;FLYWHEEL_TESTS_DIR=${CMAKE_BINARY_DIR}/tests;FLYWHEEL_SOURCE_DIR=${CMAKE_SOURCE_DIR};FLYWHEEL_CACHE=${FW_CACHE};PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()
