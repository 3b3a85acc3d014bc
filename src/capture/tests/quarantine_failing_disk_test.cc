// The quarantine on a disk that fails at every call in turn.

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <future>

#include "capture/quarantine.h"
#include "io/file.h"
#include "io/tests/failing_calls.h"

namespace fw::capture {
namespace {

using io::testing::FailingCalls;

QuarantinedLine line(int number) {
  return {.source = "/f", .line = static_cast<std::uint64_t>(number), .reason = "r", .bytes = "{", .length = 1};
}

std::vector<std::uint64_t> numbers_in(const Quarantine& quarantine) {
  std::vector<std::uint64_t> numbers;
  const auto page = quarantine.list({}, 0, 1000);
  EXPECT_TRUE(page.ok()) << page.error();
  for (const auto& one : page->lines) numbers.push_back(one.line);
  return numbers;
}

// Event loops ask for the counts: with them behind the disk, nobody got an answer while it was slow.
TEST(Quarantine, CountsAndPagesDoNotWaitForADiskThatIsSlowToSync) {
  const io::TemporaryFolder folder;
  const auto quarantine = std::move(Quarantine::open(folder.path())).value();
  ASSERT_TRUE(quarantine->add(std::vector{line(1)}).ok());
  std::future<bool> added;
  std::future<std::size_t> read;
  {
    const io::testing::HeldSyncs slow;
    added = std::async(std::launch::async, [&] { return quarantine->add(std::vector{line(2)}).ok(); });
    slow.wait_for_one();
    read = std::async(std::launch::async, [&] { return quarantine->counts()["r"] + numbers_in(*quarantine).size(); });
    EXPECT_EQ(read.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  EXPECT_EQ(read.get(), 2U) << "what is not durable yet is not there";
  EXPECT_TRUE(added.get());
  EXPECT_EQ(quarantine->counts()["r"], 2U);
}

class FailingDisk : public testing::TestWithParam<int> {};

TEST_P(FailingDisk, KeepsWhatWasAcknowledgedInOrderAndTakesTheRestWhenItIsWell) {
  for (int calls = 0; calls < 14; ++calls) {
    SCOPED_TRACE("after " + std::to_string(calls) + " calls");
    const io::TemporaryFolder folder;
    std::vector<std::uint64_t> expected;
    {
      std::unique_ptr<Quarantine> quarantine;
      {
        const FailingCalls failing(calls, GetParam());
        if (auto opened = Quarantine::open(folder.path()); opened.ok()) quarantine = std::move(opened).value();
        for (int i = 1; quarantine && i <= 4; ++i) {
          const auto added = quarantine->add(std::vector{line(i)});
          if (added.ok()) expected.push_back(static_cast<std::uint64_t>(i));
        }
      }
      if (quarantine) {
        EXPECT_EQ(numbers_in(*quarantine), expected);
        EXPECT_TRUE(quarantine->add(std::vector{line(9)}).ok());
        expected.push_back(9);
        EXPECT_EQ(numbers_in(*quarantine), expected);
        EXPECT_EQ(quarantine->counts(), (std::map<std::string, std::uint64_t>{{"r", expected.size()}}));
      }
    }
    auto again = Quarantine::open(folder.path());
    ASSERT_TRUE(again.ok()) << again.error();
    EXPECT_EQ(numbers_in(**again), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, FailingDisk, testing::Values(ENOSPC, EIO, EMFILE), [](const auto& test) {
  return std::string(test.param == ENOSPC ? "NoSpace" : test.param == EIO ? "InputOutput" : "NoDescriptors");
});

}  // namespace
}  // namespace fw::capture
