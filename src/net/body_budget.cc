#include "net/body_budget.h"

namespace fw::net {
namespace {

constexpr Duration kBetweenTries = std::chrono::milliseconds(20);

}  // namespace

BodyBudget::Share::~Share() {
  if (bytes_ == 0) return;
  {
    const std::lock_guard lock(budget_.mutex_);
    budget_.shares_.erase(this);
  }
  budget_.room_.leave(sharer_, bytes_);
}

bool BodyBudget::Share::grow(std::size_t bytes, Instant now) {
  if (!budget_.room_.enter(sharer_, bytes)) {
    is_awaited_ = false;  // it is not the client that is waited for
    return false;
  }
  progress_ += bytes;
  if (!is_awaited_ || progress_ >= kProgress) {
    progress_ = 0;
    moved_at_ = now;
  }
  is_awaited_ = true;
  if (bytes_ == 0 && bytes > 0) {
    const std::lock_guard lock(budget_.mutex_);
    budget_.shares_.insert(this);
  }
  bytes_ += bytes;
  return true;
}

bool BodyBudget::end_one_that_stalled(Instant now) {
  std::stop_source stop(std::nostopstate);
  {
    const std::lock_guard lock(mutex_);
    Share* chosen = nullptr;
    bool is_chosen_beyond = false;
    for (Share* one : shares_) {
      if (!one->has_stalled(now)) continue;
      const bool is_beyond = room_.is_beyond_share(one->sharer_);
      const bool is_first = chosen == nullptr || (is_beyond && !is_chosen_beyond) ||
                            (is_beyond == is_chosen_beyond && one->moved_at_.load() < chosen->moved_at_.load());
      if (!is_first) continue;
      chosen = one;
      is_chosen_beyond = is_beyond;
    }
    if (chosen == nullptr) return false;
    chosen->is_awaited_ = false;
    chosen->is_ended_ = true;
    stop = chosen->stop_;
  }
  stop.request_stop();
  return true;
}

Task<Result<std::string>> read_whole(BodyReader& body, WholeBodyOptions options, BodyBudget::Share& share,
                                     Deadline deadline) {
  std::string bytes;
  bytes.reserve(options.reserve);
  const Deadline for_room = deadline.within(options.patience);
  const std::stop_callback chain(deadline.stop_token(), [&share] { share.stop(); });
  const Deadline reading = Deadline::until(deadline.when(), share.stop_token());
  while (true) {
    auto piece = co_await body.next(reading);
    if (!piece.ok() && share.is_ended()) {
      co_return resource_exhausted("the body stopped coming while others waited for room; send it again");
    }
    if (!piece.ok()) co_return piece.error();
    if (!*piece) break;
    if ((*piece)->size() > options.max_bytes - bytes.size()) {
      co_return too_large("the body is larger than " + std::to_string(options.max_bytes) + " bytes; send smaller ones");
    }
    while (!share.grow((*piece)->size(), kernel_now())) {
      (void)share.budget().end_one_that_stalled(kernel_now());
      if (for_room.is_over()) co_return resource_exhausted("too many bytes are being received; try again in a moment");
      FW_CO_TRY(co_await sleep_for(kBetweenTries, deadline));
    }
    if (bytes.empty() && options.reserve == 0) {
      bytes = std::move(**piece);
    } else {
      bytes += **piece;
    }
  }
  share.finish();
  co_return bytes;
}

}  // namespace fw::net
