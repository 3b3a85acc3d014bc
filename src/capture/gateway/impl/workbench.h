#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "capture/gateway/answer_scan.h"
#include "capture/gateway/request_scan.h"

namespace fw::capture {

/// What one exchange needs for a moment and what costs to make: parsers with their buffers, and chance.
struct Workbench {
  RequestScanner requests;
  AnswerScanner answers;
  Random random{std::stoull(random_hex(8), nullptr, 16)};
};

/// Workbenches that are lent to one coroutine at a time, between two of its waits.
class Workbenches final {
 public:
  class Loan final {
   public:
    explicit Loan(Workbenches& owner) : owner_(owner), bench_(owner.take()) {}
    ~Loan() { owner_.give_back(std::move(bench_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Workbench* operator->() { return bench_.get(); }

   private:
    Workbenches& owner_;
    std::unique_ptr<Workbench> bench_;
  };

 private:
  std::unique_ptr<Workbench> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto bench = std::move(free_.back());
        free_.pop_back();
        return bench;
      }
    }
    return std::make_unique<Workbench>();
  }
  void give_back(std::unique_ptr<Workbench> bench) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(bench));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Workbench>> free_;
};

}  // namespace fw::capture
