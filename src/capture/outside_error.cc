#include "capture/impl/outside_error.h"

namespace fw::capture {

Error told_outside(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUnauthorized:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled: return error;
    case ErrorCode::kStorageFull:
      return storage_full("nothing was stored: the disk of the log store is full; send it again later");
    default:
      return unavailable(
          "nothing was stored: the log store takes nothing at the moment (the service's log says why); send it again "
          "later");
  }
}

Error of_packed_body(const Error& error) {
  if (error.code != ErrorCode::kDataLoss) return error;
  return invalid_argument("the body is not what its Content-Encoding says: " + error.message);
}

}  // namespace fw::capture
