#include "io/file_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/hash.h"
#include "io/file.h"

namespace fw::io {
namespace {

namespace fs = std::filesystem;

class FileDigestTest : public testing::Test {
 protected:
  FileDigestTest() { fs::create_directories(folder_); }
  ~FileDigestTest() override { fs::remove_all(folder_); }
  void write(std::string_view bytes) const { std::ofstream(file_, std::ios::binary) << bytes; }

  fs::path folder_ = fs::path(testing::TempDir()) / "file_digest_test";
  fs::path file_ = folder_ / "model.gguf";
};

TEST_F(FileDigestTest, IsThatOfTheBytes) {
  for (const std::size_t size : {0UL, 1UL, 1UL << 20, (1UL << 20) + 1}) {
    const std::string bytes(size, 'm');
    write(bytes);
    EXPECT_EQ(digest_of_file(file_).value(), sha256_hex(bytes)) << size;
  }
}

TEST_F(FileDigestTest, WhatIsNoFileIsAnError) {
  EXPECT_EQ(digest_of_file(file_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(digest_of_file(folder_).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(FileDigests().of(file_).error().code, ErrorCode::kNotFound);
}

TEST_F(FileDigestTest, AFileThatIsExchangedOrGoneIsNotWhatWasKnown) {
  FileDigests digests(4);
  write("first");
  EXPECT_EQ(digests.of(file_).value(), sha256_hex("first"));
  EXPECT_EQ(digests.of(file_).value(), sha256_hex("first"));
  // As large, and dated as the first: the kernel's own date tells.
  const auto dated = fs::last_write_time(file_);
  std::ofstream(folder_ / "other", std::ios::binary) << "other";
  fs::last_write_time(folder_ / "other", dated);
  fs::rename(folder_ / "other", file_);
  EXPECT_EQ(digests.of(file_).value(), sha256_hex("other"));
  fs::remove(file_);
  EXPECT_EQ(digests.of(file_).error().code, ErrorCode::kNotFound);
}

TEST_F(FileDigestTest, ASmallFileIsReadEachTime) {
  FileDigests digests;
  for (int i = 0; i < 50; ++i) {
    const std::string bytes = std::to_string(1000 + i);
    write(bytes);
    ASSERT_EQ(digests.of(file_).value(), sha256_hex(bytes));
  }
}

}  // namespace
}  // namespace fw::io
