#pragma once

#include <cstddef>
#include <functional>

namespace fw {

/// How many threads parallel_for() works on at most: the processors that this process may run on, up to eight.
[[nodiscard]] std::size_t parallel_workers();

/// Calls `work(worker, i)` once for every i below `count`, on the caller's thread and on others that end with the call;
/// `worker` < parallel_workers() is the same number for no two calls at a time, so that each worker may have what
/// cannot be shared (a parser). After an exception no more is begun, and one of those thrown is thrown on. For
/// computing only: `work` must not wait for anything but memory.
void parallel_for(std::size_t count, const std::function<void(std::size_t worker, std::size_t i)>& work);

}  // namespace fw
