#include "net/body.h"

#include <algorithm>

namespace fw::net {

Task<Result<std::string>> read_all(BodyReader& body, std::size_t limit, Deadline deadline) {
  std::string all;
  while (true) {
    FW_CO_ASSIGN(auto piece, co_await body.next(deadline));
    if (!piece) co_return all;
    if (piece->size() > limit - all.size()) {
      co_return too_large("body is larger than the limit of " + std::to_string(limit) + " bytes");
    }
    if (all.empty()) {
      all = std::move(*piece);
    } else {
      all += *piece;
    }
  }
}

Task<Result<std::optional<std::string>>> StringBody::next(Deadline deadline) {
  FW_CO_TRY(deadline.check("body"));
  if (at_ >= bytes_.size()) co_return std::optional<std::string>();
  std::string piece = bytes_.substr(at_, piece_);
  at_ += piece.size();
  co_return std::optional<std::string>(std::move(piece));
}

}  // namespace fw::net
