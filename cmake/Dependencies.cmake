# What comes from outside. Debian packages are required; libtorch and llama.cpp come out of the cache that scripts/setup
# fills, and a build without them says so where it matters.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(RocksDB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(simdjson REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(valijson REQUIRED PATHS /usr/share/cmake/valijson)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
find_package(LibLZMA REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(RE2 REQUIRED re2)  # linked as ${RE2_LINK_LIBRARIES}: its -pthread would be a flag of whatever uses capture
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)

set(FW_CACHE "$ENV{FLYWHEEL_CACHE}")
if(NOT FW_CACHE)
  set(FW_CACHE "$ENV{XDG_CACHE_HOME}")
  if(NOT FW_CACHE)
    set(FW_CACHE "$ENV{HOME}/.cache")
  endif()
  string(APPEND FW_CACHE "/flywheel")
endif()

# The trainer on a GPU (preset cuda): the newest libtorch that comes with CUDA 13 and flash attention, and nvcc.
option(FW_CUDA "Build flywheel-trainer with CUDA (scripts/setup cuda fetches what it needs)" OFF)
set(FW_TORCH_VERSION 2.15.0)
if(FW_CUDA)
  set(FW_TORCH_VERSION cuda-2.11.0)
endif()
set(FW_TORCH_DIR "${FW_CACHE}/libtorch-${FW_TORCH_VERSION}" CACHE PATH "libtorch: include/ and lib/")
file(GLOB FW_LLAMA_CANDIDATES "${FW_CACHE}/llama.cpp-*/.complete")
set(FW_LLAMA_DIR "" CACHE PATH "llama.cpp: src/ and build/")
if(NOT FW_LLAMA_DIR AND FW_LLAMA_CANDIDATES)
  list(GET FW_LLAMA_CANDIDATES 0 FW_LLAMA_DIR)
  get_filename_component(FW_LLAMA_DIR "${FW_LLAMA_DIR}" DIRECTORY)
endif()

if(EXISTS "${FW_TORCH_DIR}/.complete")
  add_library(fw_libtorch INTERFACE)
  target_include_directories(fw_libtorch SYSTEM INTERFACE ${FW_TORCH_DIR}/include
                             ${FW_TORCH_DIR}/include/torch/csrc/api/include)
  target_link_libraries(fw_libtorch INTERFACE ${FW_TORCH_DIR}/lib/libtorch_cpu.so ${FW_TORCH_DIR}/lib/libc10.so
                        ${FW_TORCH_DIR}/lib/libgomp.so.1)
  if(FW_CUDA)
    set(FW_CUDA_DIR "${FW_CACHE}/cuda-13.0" CACHE PATH "nvcc and CUDA's headers: bin/ and include/")
    find_program(FW_NVCC nvcc PATHS "${FW_CUDA_DIR}/bin" NO_DEFAULT_PATH REQUIRED)
    # nvcc of CUDA 13.0 knows GCC up to 15 and clang up to 20.
    find_program(FW_NVCC_HOST NAMES g++ clang++-19 REQUIRED)
    set(FW_NVCC_TARGETS -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90
                        -gencode arch=compute_90,code=compute_90
        CACHE STRING "GPUs that kernels are compiled for: A100, H100 and H200, and later ones when they start")
    # This libtorch was compiled by GCC, and clang from 18 on writes some of its templates' names in another way.
    target_compile_options(fw_libtorch INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fclang-abi-compat=17>)
    target_include_directories(fw_libtorch SYSTEM INTERFACE ${FW_CUDA_DIR}/include)
    target_link_libraries(fw_libtorch INTERFACE -Wl,--no-as-needed ${FW_TORCH_DIR}/lib/libtorch_cuda.so
                          ${FW_TORCH_DIR}/lib/libc10_cuda.so -Wl,--as-needed ${FW_TORCH_DIR}/lib/libcublas.so.13
                          ${FW_TORCH_DIR}/lib/libcudart.so.13)
  endif()
  target_link_options(fw_libtorch INTERFACE -Wl,-rpath,${FW_TORCH_DIR}/lib -Wl,--allow-shlib-undefined)
else()
  message(STATUS "libtorch not found in ${FW_TORCH_DIR}: flywheel-trainer is left out (scripts/setup fetches it)")
endif()

# What flywheel-trainer shares with the engine: GGUF reader and writer, dequantisers, tokenizer, chat templates.
if(FW_LLAMA_DIR AND EXISTS "${FW_LLAMA_DIR}/.complete")
  add_library(fw_llama INTERFACE)
  target_include_directories(fw_llama SYSTEM INTERFACE ${FW_LLAMA_DIR}/src/ggml/include ${FW_LLAMA_DIR}/src/include
                             ${FW_LLAMA_DIR}/src/common)
  foreach(library common/libllama-common common/libllama-common-base src/libllama ggml/src/libggml ggml/src/libggml-cpu
                  ggml/src/libggml-base vendor/cpp-httplib/libcpp-httplib)
    target_link_libraries(fw_llama INTERFACE ${FW_LLAMA_DIR}/build/${library}.a)
  endforeach()
  target_link_libraries(fw_llama INTERFACE Threads::Threads dl m)
else()
  message(STATUS "llama.cpp not found in ${FW_CACHE}: flywheel-trainer is left out (scripts/setup builds it)")
endif()
