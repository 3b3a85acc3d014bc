#include "modelops/local/impl/model_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "async/run_blocking.h"
#include "io/file.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;

/// A converter that copies the model and counts how often it was asked.
class ModelCacheTest : public testing::Test {
 protected:
  ModelCacheTest() {
    const fs::path program = folder_.path() / "llama-quantize";
    std::ofstream(program) << "#!/bin/sh\necho made >>" << (folder_.path() / "asked").string()
                           << "\nexec cp \"$2\" \"$3\"\n";
    fs::permissions(program, fs::perms::owner_all);
    write(source_, "weights");
    settings_.data_folder = folder_.path() / "data";
    settings_.programs.llama_quantize = program;
    settings_.serving_type = "F16";
  }
  static void write(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }
  static std::string bytes_of(const fs::path& file) { return io::read_file(file).value_or(""); }
  /// As a process that was just started prepares it, unless a cache is given.
  fs::path prepared(ModelCache* running = nullptr) {
    ModelCache fresh(settings_, launcher_, disk_);
    ModelFacts facts;
    facts.files = {source_};
    facts.file_type = "Q4_1";
    ModelCache& cache = running == nullptr ? fresh : *running;
    const auto made =
        run_blocking(cache.prepare(ModelSpec{.name = "m", .path = source_}, std::move(facts), Deadline::never()));
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? made->file : fs::path();
  }
  [[nodiscard]] std::size_t times_made() const { return bytes_of(folder_.path() / "asked").size() / 5; }

  io::TemporaryFolder folder_;
  fs::path source_ = folder_.path() / "model.gguf";
  LocalSettings settings_;
  io::ProcessLauncher launcher_;
  Pool disk_{"disk", 1};
};

TEST_F(ModelCacheTest, WhatWasMadeIsTakenAgainAsLongAsItsBytesAreThose) {
  const fs::path file = prepared();
  EXPECT_EQ(prepared(), file);
  EXPECT_EQ(times_made(), 1U);
  write(file, "w3ights");
  EXPECT_EQ(prepared(), file);
  EXPECT_EQ(bytes_of(file), "weights");
  EXPECT_EQ(times_made(), 2U);
  prepared();
  EXPECT_EQ(times_made(), 2U);
}

TEST_F(ModelCacheTest, AChangeOfTheSameSizeAndTimeIsSeenByAProcessThatKnewTheFile) {
  ModelCache running(settings_, launcher_, disk_);
  const fs::path file = prepared(&running);
  const auto changed = fs::last_write_time(file);
  write(file, "w3ights");
  fs::last_write_time(file, changed);
  prepared(&running);
  EXPECT_EQ(bytes_of(file), "weights");
}

TEST_F(ModelCacheTest, AFileWhoseDigestNobodyKeptIsMadeAnew) {
  const fs::path file = prepared();
  fs::remove(file.string() + ".sha256");
  write(file, "anything");
  prepared();
  EXPECT_EQ(bytes_of(file), "weights");
  EXPECT_TRUE(fs::exists(file.string() + ".sha256"));
}

}  // namespace
}  // namespace fw::modelops
