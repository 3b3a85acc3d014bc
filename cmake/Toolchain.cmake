# How everything is compiled and linked: warnings, sanitizers, linker, compiler cache.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(FW_TIDY "Run clang-tidy on every file" OFF)
option(FW_FUZZ "Build the fuzz targets with libFuzzer instead of the corpus replay" OFF)
set(FW_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

find_program(CCACHE ccache)
if(CCACHE)
  # base_dir: clones in different folders share one cache.
  foreach(language C CXX)
    set(CMAKE_${language}_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
                                            CCACHE_NOHASHDIR=1 ${CCACHE})
  endforeach()
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # deprecated-declarations: libstdc++ 12 marks what its own std::stable_sort calls.
  add_compile_options(-Wthread-safety -Wno-deprecated-declarations -Wno-missing-designated-field-initializers -fcolor-diagnostics)
  add_link_options(-fuse-ld=lld-19)
endif()
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

if(FW_SANITIZE)
  add_compile_options(-fsanitize=${FW_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FW_SANITIZE})
  # simdjson then looks whether its On-Demand parser is asked in order; it would only without optimisation.
  add_compile_definitions(SIMDJSON_DEVELOPMENT_CHECKS=1)
endif()
if(FW_FUZZ)
  # What is to be explored are the modules: without this the fuzzer would see the branches of its own few lines alone.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FW_TIDY)
  set(CMAKE_CXX_CLANG_TIDY clang-tidy-19 --quiet)
endif()
