#include "io/file.h"

#include <gtest/gtest.h>

namespace fw::io {
namespace {

TEST(WriteFileAtomically, ReplacesTheWholeFileAndLeavesNothingBeside) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.json";
  ASSERT_TRUE(write_file_atomically(path, "first, and longer").ok());
  ASSERT_TRUE(write_file_atomically(path, "second").ok());
  EXPECT_EQ(*read_file(path), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(WriteFileAtomically, NamesTheFileItCannotWrite) {
  const auto status = write_file_atomically("/nonexistent/folder/a", "x");
  EXPECT_NE(status.error().message.find("/nonexistent/folder/a"), std::string::npos);
}

TEST(ReadFile, RefusesMoreThanItsLimit) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "big";
  ASSERT_TRUE(write_file_atomically(path, std::string(100, 'x')).ok());
  EXPECT_EQ(read_file(path, 99).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(read_file(path, 100)->size(), 100U);
}

TEST(ReadFile, AMissingFileIsNotFound) { EXPECT_EQ(read_file("/nonexistent").error().code, ErrorCode::kNotFound); }

}  // namespace
}  // namespace fw::io
