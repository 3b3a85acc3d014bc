#include "async/parallel_for.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace fw {
namespace {

TEST(ParallelFor, EveryItemIsWorkedOnOnce) {
  for (const std::size_t count : {0u, 1u, 3u, 1000u, 4097u}) {
    std::vector<int> times(count, 0);
    parallel_for(count, [&](std::size_t, std::size_t i) { ++times[i]; });
    EXPECT_EQ(times, std::vector<int>(count, 1));
  }
}

TEST(ParallelFor, NoTwoCallsAtATimeAreOfOneWorker) {
  std::vector<std::atomic<int>> inside(parallel_workers());
  std::atomic<int> met = 0;
  parallel_for(10'000, [&](std::size_t worker, std::size_t) {
    met += ++inside.at(worker) > 1;
    --inside.at(worker);
  });
  EXPECT_EQ(met, 0);
}

TEST(ParallelFor, AnExceptionReachesTheCallerAndEndsIt) {
  std::atomic<std::size_t> done = 0;
  const auto run = [&] {
    parallel_for(1'000'000, [&](std::size_t, std::size_t i) {
      if (i == 10) throw std::runtime_error("ten");
      ++done;
    });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_LT(done, 1'000'000U);
}

}  // namespace
}  // namespace fw
