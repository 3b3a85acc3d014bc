// Files written whole on a disk that fails at every call in turn.

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "io/atomic_file.h"
#include "io/file.h"
#include "io/tests/failing_calls.h"

namespace fw::io {
namespace {

using testing::FailingCalls;

/// Writes with `write` while the n-th call fails, for every n until none does. What was there stays or is replaced
/// whole, nothing else is left, and the error has the right code.
template <class Write>
void fail_everywhere(Write write) {
  for (const auto& [error, code] : {std::pair(ENOSPC, ErrorCode::kStorageFull), std::pair(EIO, ErrorCode::kUnavailable),
                                    std::pair(EMFILE, ErrorCode::kResourceExhausted)}) {
    int calls = 0;
    for (bool has_failed = true; has_failed; ++calls) {
      const TemporaryFolder folder;
      const auto path = folder.path() / "file";
      ASSERT_TRUE(write_file_atomically(path, "old").ok());
      Status status;
      {
        const FailingCalls failing(calls, error);
        status = write(path);
        has_failed = failing.has_failed();
      }
      EXPECT_EQ(status.ok(), !has_failed);
      if (!status.ok() && error != EIO) EXPECT_EQ(status.error().code, code) << status.error();
      const auto bytes = read_file(path);
      EXPECT_TRUE(*bytes == "new" || (has_failed && *bytes == "old")) << *bytes;
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
    }
    EXPECT_GT(calls, 2);
  }
}

TEST(FailingFile, OneWrittenAtOnceIsAsItWasOrWhole) {
  fail_everywhere([](const auto& path) { return write_file_atomically(path, "new"); });
}

TEST(FailingFile, OneWrittenInPiecesIsAsItWasOrWhole) {
  fail_everywhere([](const auto& path) -> Status {
    FW_ASSIGN(auto file, AtomicFile::create(path));
    FW_TRY(file.append("n"));
    FW_TRY(file.append("ew"));
    return file.commit();
  });
}

}  // namespace
}  // namespace fw::io
