#include "io/output_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <future>

#include "io/atomic_file.h"
#include "io/file.h"

namespace fw::io {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OutputFileTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path file(const char* name) const { return folder_.path() / name; }

  /// A device of our own; false where only root may make one.
  [[nodiscard]] bool make_device(const char* name, unsigned minor) const {
    return ::mknod(file(name).c_str(), S_IFCHR | 0666, makedev(1, minor)) == 0;
  }

  const TemporaryFolder folder_;
};

TEST_F(OutputFileTest, ALinkStaysAndItsTargetIsReplaced) {
  ASSERT_TRUE(write_file_atomically(file("target"), "old").ok());
  fs::create_symlink("target", file("link"));
  fs::create_symlink("link", file("link of a link"));
  EXPECT_TRUE(check_output_file(file("link of a link")).ok());
  ASSERT_TRUE(write_output_file(file("link of a link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(file("link of a link")) && fs::is_symlink(file("link")));
  EXPECT_EQ(*read_file(file("target")), "new");
}

TEST_F(OutputFileTest, ALinkToWhatIsNotThereYetMakesIt) {
  fs::create_symlink("target", file("link"));
  ASSERT_TRUE(write_output_file(file("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(file("link")));
  EXPECT_EQ(*read_file(file("target")), "new");
}

TEST_F(OutputFileTest, ALinkToItselfIsRefused) {
  fs::create_symlink("link", file("link"));
  EXPECT_FALSE(check_output_file(file("link")).ok());
  EXPECT_FALSE(write_output_file(file("link"), "new").ok());
}

TEST_F(OutputFileTest, APipeIsWrittenAsItStands) {
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(check_output_file(file("pipe")).ok());
  auto reader = std::async(std::launch::async, [&] { return read_file(file("pipe")); });
  ASSERT_TRUE(write_output_file(file("pipe"), "text").ok());
  EXPECT_EQ(*reader.get(), "text");
  EXPECT_TRUE(fs::is_fifo(file("pipe")));
}

TEST_F(OutputFileTest, ADeviceIsWrittenAsItStands) {
  if (!make_device("null", 3) || !make_device("full", 7)) GTEST_SKIP() << "only root makes devices";
  EXPECT_TRUE(check_output_file(file("null")).ok());
  const auto null = write_output_file(file("null"), "text");
  if (!null.ok()) GTEST_SKIP() << "this file system opens no devices: " << null.error().message;
  EXPECT_TRUE(fs::is_character_file(file("null")));
  EXPECT_THAT(write_output_file(file("full"), "text").error().message, HasSubstr("o space left"));
  EXPECT_TRUE(fs::is_character_file(file("full")));
}

TEST_F(OutputFileTest, AnOpenFileIsReachedByItsDescriptor) {
  ASSERT_TRUE(write_file_atomically(file("open"), "").ok());
  const auto in = ::open(file("open").c_str(), O_WRONLY | O_CLOEXEC);
  ::unlink(file("open").c_str());
  const fs::path named = "/proc/self/fd/" + std::to_string(in);
  EXPECT_TRUE(write_output_file(named, "text").ok());
  struct stat info{};
  ASSERT_EQ(::fstat(in, &info), 0);
  EXPECT_EQ(info.st_size, 4);
  ::close(in);
}

TEST_F(OutputFileTest, AFileThatIsNotCommittedIsAsItWas) {
  ASSERT_TRUE(write_file_atomically(file("target"), "old").ok());
  {
    auto given_up = OutputFile::create(file("target"));
    ASSERT_TRUE(given_up.ok() && given_up->append("half of it").ok());
  }
  EXPECT_EQ(*read_file(file("target")), "old");
  auto whole = OutputFile::create(file("target"));
  ASSERT_TRUE(whole.ok() && whole->append("all ").ok() && whole->append("of it").ok() && whole->commit().ok());
  EXPECT_EQ(*read_file(file("target")), "all of it");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(OutputFileTest, AFolderIsRefusedWithAWayOut) {
  EXPECT_THAT(check_output_file(folder_.path()).error().message, HasSubstr("is a folder; name a file in it"));
  EXPECT_THAT(check_output_file(file("none") / "x").error().message, HasSubstr("none does not exist"));
}

TEST_F(OutputFileTest, NoOtherWayOfWritingReplacesADeviceEither) {
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(write_file_atomically(file("part"), "x").ok());
  EXPECT_THAT(write_file_atomically(file("pipe"), "x").error().message, HasSubstr("not a file"));
  EXPECT_FALSE(commit_file(file("part"), file("pipe")).ok());
  auto whole = AtomicFile::create(file("pipe"));
  EXPECT_FALSE(whole->commit().ok());
  EXPECT_TRUE(fs::is_fifo(file("pipe")));
}

}  // namespace
}  // namespace fw::io
