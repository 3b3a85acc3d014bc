#include "trainer/model/parallel.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <exception>
#include <vector>

// The entry point behind `#pragma omp parallel` (libgomp's stable ABI). Called by name because clang emits calls to
// another OpenMP runtime, and a second runtime in the process would bring a second team of threads.
extern "C" {
void GOMP_parallel(void (*fn)(void*), void* data, unsigned thread_count, unsigned flags);
int omp_get_thread_num();
int omp_get_num_threads();
}

namespace fw::trainer {
namespace {

struct Region {
  int count;
  const std::function<void(int)>* fn;
  std::vector<std::exception_ptr> errors;
};

void run_share(void* data) {
  auto& region = *static_cast<Region*>(data);
  for (int i = omp_get_thread_num(); i < region.count; i += omp_get_num_threads()) {
    try {
      (*region.fn)(i);
    } catch (...) {
      region.errors[static_cast<std::size_t>(i)] = std::current_exception();
    }
  }
}

}  // namespace

void set_threads(int count) { at::set_num_threads(std::max(1, count)); }
int threads() { return at::get_num_threads(); }

void run_parallel(int count, const std::function<void(int)>& fn) {
  if (count <= 1 || threads() == 1) {
    for (int i = 0; i < count; ++i) fn(i);
    return;
  }
  Region region{count, &fn, std::vector<std::exception_ptr>(static_cast<std::size_t>(count))};
  GOMP_parallel(run_share, &region, static_cast<unsigned>(std::min(count, threads())), 0);
  for (const auto& error : region.errors)
    if (error) std::rethrow_exception(error);
}

void for_ranges(std::int64_t size, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& fn) {
  if (size <= 0) return;
  const auto parts = static_cast<int>(std::clamp<std::int64_t>(size / std::max<std::int64_t>(grain, 1), 1, threads()));
  const std::int64_t share = (size + parts - 1) / parts;
  run_parallel(parts, [&](int i) {
    const std::int64_t begin = i * share;
    const std::int64_t end = std::min(size, begin + share);
    if (begin < end) fn(begin, end);
  });
}

}  // namespace fw::trainer
