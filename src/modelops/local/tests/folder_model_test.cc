#include "modelops/local/impl/folder_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "async/run_blocking.h"
#include "io/file.h"

namespace fw::modelops {
namespace {

using testing::HasSubstr;

class FolderModelTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(model_); }

  /// A converter that prints these lines.
  void converter_prints(const std::string& lines, int code = 0) {
    const auto program = folder_.path() / "converter";
    std::ofstream(program) << "#!/bin/sh\ncat <<'END'\n" << lines << "\nEND\nexit " << code << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    settings_.programs.trainer = program;
  }
  Result<ModelSpec> converted(const std::filesystem::path& path) {
    settings_.data_folder = folder_.path();
    return run_blocking(as_gguf(settings_, launcher_, ModelSpec{.name = "m", .path = path}, Deadline::never()));
  }

  io::TemporaryFolder folder_;
  std::filesystem::path model_ = folder_.path() / "model";
  LocalSettings settings_;
  io::ProcessLauncher launcher_;
};

TEST_F(FolderModelTest, BecomesTheFileThatTheConverterNames) {
  converter_prints(R"({"event":"converting","bytes":1,"all_bytes":2}
{"event":"done","gguf":"/made/of/it.gguf"})");
  const auto model = converted(model_);
  ASSERT_TRUE(model.ok()) << model.error();
  EXPECT_EQ(model->path, "/made/of/it.gguf");
  EXPECT_EQ(model->name, "m");
}

TEST_F(FolderModelTest, LeavesFilesAsTheyAre) { EXPECT_EQ(converted("/some/model.gguf")->path, "/some/model.gguf"); }

TEST_F(FolderModelTest, SaysWhyTheConverterRefused) {
  converter_prints(R"({"event":"error","code":"unimplemented","message":"model type \"mamba\" cannot be trained"})", 1);
  EXPECT_THAT(converted(model_).error().message, HasSubstr("mamba"));
}

TEST_F(FolderModelTest, SaysHowTheConverterDied) {
  converter_prints("no event", 3);
  EXPECT_THAT(converted(model_).error().message, HasSubstr("exited with code 3"));
}

TEST_F(FolderModelTest, NamesTheRemedyWhereThereIsNoConverter) {
  EXPECT_THAT(converted(model_).error().message, HasSubstr("convert_hf_to_gguf.py"));
}

}  // namespace
}  // namespace fw::modelops
