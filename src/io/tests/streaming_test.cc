#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>

#include "io/atomic_file.h"
#include "io/file.h"
#include "io/input_file.h"

namespace fw::io {
namespace {

std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

TEST(AtomicFile, HasItsNameOnlyAfterCommit) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a";
  ASSERT_TRUE(write_file_atomically(path, "old").ok());
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->append("new ").ok());
  ASSERT_TRUE(file->append("content").ok());
  EXPECT_EQ(*read_file(path), "old");
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(*read_file(path), "new content");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  {
    auto file = AtomicFile::create(folder.path() / "a");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->append("half").ok());
  }
  EXPECT_EQ(files_in(folder.path()), 0);
}

TEST(AtomicFile, NamesTheFolderThatIsNotThere) {
  EXPECT_NE(AtomicFile::create("/nonexistent/a").error().message.find("/nonexistent/a"), std::string::npos);
}

TEST(InputFile, ReadsAtAnyPlaceAndNotBeyondTheEnd) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder.path() / "a", "0123456789").ok());
  const auto file = InputFile::open(folder.path() / "a");
  std::array<char, 3> three{};
  EXPECT_EQ(file->size(), 10U);
  ASSERT_TRUE(file->read_at(7, three).ok());
  EXPECT_EQ(std::string(three.data(), 3), "789");
  EXPECT_EQ(file->read_at(8, three).error().code, ErrorCode::kDataLoss);
}

TEST(InputFile, RefusesPipesAndFoldersWithoutWaiting) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(InputFile::open(folder.path() / "pipe").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(InputFile::open(folder.path()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(InputFile::open(folder.path() / "none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace fw::io
