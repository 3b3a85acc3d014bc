#include "modelops/local/settings.h"

#include <gtest/gtest.h>

#include <fstream>

#include "io/file.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;

void touch(const fs::path& path) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << "#";
}

TEST(FindEnginePrograms, PrefersWhatLiesBesideOurOwnProgram) {
  const io::TemporaryFolder folder;
  touch(folder.path() / "llama-server");
  const auto found = find_engine_programs(folder.path(), folder.path() / "cache");
  EXPECT_EQ(found.llama_server, folder.path() / "llama-server");
  EXPECT_EQ(found.llama_quantize, fs::path());
  EXPECT_EQ(found.trainer, fs::path());
}

TEST(FindEnginePrograms, IgnoresABuildForAnotherProcessor) {
  const io::TemporaryFolder folder;
  touch(folder.path() / "llama.cpp-0.3.36-000000000000" / ".complete");
  touch(folder.path() / "llama.cpp-0.3.36-000000000000" / "build" / "bin" / "llama-server");
  EXPECT_EQ(find_engine_programs("", folder.path()).llama_server, fs::path());
}

TEST(FindEnginePrograms, LooksIntoTheSearchPathLast) {
  const io::TemporaryFolder folder;
  touch(folder.path() / "own" / "llama-server");
  touch(folder.path() / "path" / "llama-server");
  touch(folder.path() / "path" / "llama-quantize");
  const std::string path = "/no/such:" + (folder.path() / "path").string();
  const auto found = find_engine_programs(folder.path() / "own", folder.path() / "cache", path);
  EXPECT_EQ(found.llama_server, folder.path() / "own" / "llama-server");
  EXPECT_EQ(found.llama_quantize, folder.path() / "path" / "llama-quantize");
}

TEST(ThreadCount, IsAtLeastOneWhenItIsLeftOpen) {
  EXPECT_GE(thread_count({}), 1);
  EXPECT_EQ(thread_count({.threads = 3}), 3);
}

}  // namespace
}  // namespace fw::modelops
