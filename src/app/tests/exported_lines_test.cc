#include "app/cli/exported_lines.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/file.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;

const std::string kLines =
    "{\"flywheel\":{\"id\":\"a\"},\"request\":{},\"response\":{\"request\":null,\"response\":null}}\n"
    "{\"flywheel\":{\"id\":\"b\",\"content_expired\":5},\"request\":null,\"response\":null}\n"
    "{\"flywheel\":{\"id\":\"c\"},\"request\":{},\"response\":\"\\\"request\\\":null,\\\"response\\\":null}\"}\n"
    "{\"flywheel\":{\"id\":\"d\",\"content_expired\":5},\"request\":null,\"response\":null}\n";

TEST(ExportedLines, CountsThemHoweverTheyComeInPieces) {
  for (std::size_t piece = 1; piece <= kLines.size(); piece += 7) {
    const io::TemporaryFolder folder;
    const fs::path file = folder.path() / "out.jsonl";
    ExportedLines lines(file.string());
    for (std::size_t at = 0; at < kLines.size(); at += piece) {
      ASSERT_TRUE(lines.append(std::string_view(kLines).substr(at, piece)).ok());
    }
    ASSERT_TRUE(lines.commit().ok());
    EXPECT_EQ(lines.records(), 4U) << piece;
    EXPECT_EQ(lines.expired(), 2U) << piece;
    EXPECT_EQ(*io::read_file(file), kLines);
  }
}

TEST(ExportedLines, AFileIsThereOnceAllOfItIs) {
  const io::TemporaryFolder folder;
  const fs::path file = folder.path() / "out.jsonl";
  {
    ExportedLines lines(file.string());
    ASSERT_TRUE(lines.append(std::string(3 << 20, 'x')).ok());
    EXPECT_FALSE(fs::exists(file));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace fw::app
