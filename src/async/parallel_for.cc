#include "async/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace fw {
namespace {

constexpr std::size_t kMostWorkers = 8;
constexpr std::size_t kSharesAWorker = 16;  // so that the last one to end is late by little

class Region final {
 public:
  Region(std::size_t count, std::size_t workers, const std::function<void(std::size_t, std::size_t)>& work)
      : count_(count), share_(std::max<std::size_t>(1, count / (workers * kSharesAWorker))), work_(work) {}

  void run(std::size_t worker) noexcept {
    try {
      for (std::size_t begin = next_.fetch_add(share_); begin < count_; begin = next_.fetch_add(share_)) {
        const std::size_t end = std::min(count_, begin + share_);
        for (std::size_t i = begin; i < end; ++i) work_(worker, i);
      }
    } catch (...) {
      next_ = count_;
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
  /// After every run() has ended.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const std::size_t count_;
  const std::size_t share_;
  const std::function<void(std::size_t, std::size_t)>& work_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

std::size_t parallel_workers() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostWorkers); }

void parallel_for(std::size_t count, const std::function<void(std::size_t worker, std::size_t i)>& work) {
  const std::size_t workers = std::min(parallel_workers(), count);
  Region region(count, std::max<std::size_t>(1, workers), work);
  {
    std::vector<std::jthread> others;
    others.reserve(workers);
    try {
      for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back([&, worker] { region.run(worker); });
    } catch (const std::system_error&) {
      // The machine gives no more threads: those that are there do it.
    }
    region.run(0);
  }
  region.rethrow();
}

}  // namespace fw
