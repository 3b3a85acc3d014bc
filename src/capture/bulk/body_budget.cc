#include "capture/bulk/impl/body_budget.h"

namespace fw::capture {

namespace {

constexpr Duration kBetweenTries = std::chrono::milliseconds(20);

}  // namespace

bool BodyBudget::Share::grow(std::size_t bytes) {
  if (!budget_.take(bytes)) return false;
  bytes_ += bytes;
  return true;
}

std::size_t BodyBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

bool BodyBudget::take(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (limit_ - used_ < bytes) return false;
  used_ += bytes;
  return true;
}

void BodyBudget::give_back(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
}

Task<Result<std::string>> read_body(net::BodyReader& body, std::size_t limit, BodyBudget::Share& share,
                                    Duration patience, Deadline deadline) {
  std::string bytes;
  const Deadline for_room = deadline.within(patience);
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await body.next(deadline));
    if (!piece) co_return bytes;
    if (bytes.size() + piece->size() > limit) {
      co_return too_large("the body is larger than " + std::to_string(limit) + " bytes; send smaller ones");
    }
    while (!share.grow(piece->size())) {
      if (for_room.is_over()) co_return resource_exhausted("too many bytes are being received; try again in a moment");
      FW_CO_TRY(co_await sleep_for(kBetweenTries, deadline));
    }
    bytes += *piece;
  }
}

}  // namespace fw::capture
