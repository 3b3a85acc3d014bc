#pragma once

#include <mutex>

#include "async/task.h"
#include "net/body.h"

namespace fw::capture {

/// How many bytes of bodies may be in memory at a time, over all connections of a face. Any thread.
class BodyBudget final {
 public:
  explicit BodyBudget(std::size_t limit) : limit_(limit) {}

  /// What one request holds; gives it back when it goes.
  class Share final {
   public:
    explicit Share(BodyBudget& budget) : budget_(budget) {}
    ~Share() { budget_.give_back(bytes_); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// False when there is no room now.
    [[nodiscard]] bool grow(std::size_t bytes);

   private:
    BodyBudget& budget_;
    std::size_t bytes_ = 0;
  };

  [[nodiscard]] std::size_t used() const;
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  [[nodiscard]] bool take(std::size_t bytes);
  void give_back(std::size_t bytes);

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
};

/// Reads a whole body of at most `limit` bytes. Where the budget has no room it waits, reading nothing, and gives up
/// with kResourceExhausted after `patience`; kTooLarge beyond the limit; the body's errors. `body` and `share` outlive
/// the task.
[[nodiscard]] Task<Result<std::string>> read_body(net::BodyReader& body, std::size_t limit, BodyBudget::Share& share,
                                                  Duration patience, Deadline deadline);

}  // namespace fw::capture
