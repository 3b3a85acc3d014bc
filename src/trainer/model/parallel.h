#pragma once

#include <cstdint>
#include <functional>

namespace fw::trainer {

/// How many threads matrix products and kernels use; set once, before the first tensor is made.
void set_threads(int count);
[[nodiscard]] int threads();

/// Runs fn(0) .. fn(count - 1), each on a thread of its own out of libtorch's own team, and waits. Matrix products
/// inside run on their thread alone. Which thread runs an index does not depend on timing, so results do not either.
void run_parallel(int count, const std::function<void(int)>& fn);

/// Splits [0, size) into at most threads() ranges of at least `grain` and runs fn(begin, end) on each.
void for_ranges(std::int64_t size, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& fn);

}  // namespace fw::trainer
