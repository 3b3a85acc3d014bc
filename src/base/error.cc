#include "base/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ostream>
#include <utility>

namespace fw {
namespace {

struct Row {
  std::string_view name;
  int http;
  bool retryable;
};

// In the order of ErrorCode.
constexpr std::array<Row, 14> kTable{{
    {"invalid_argument", 400, false},
    {"not_found", 404, false},
    {"already_exists", 409, false},
    {"failed_precondition", 400, false},
    {"too_large", 413, false},
    {"unauthorized", 401, false},
    {"resource_exhausted", 429, true},
    {"storage_full", 507, true},
    {"unavailable", 503, true},
    {"deadline_exceeded", 504, true},
    {"cancelled", 499, false},
    {"data_loss", 500, false},
    {"unimplemented", 501, false},
    {"internal", 500, false},
}};

const Row& row(ErrorCode code) { return kTable.at(static_cast<std::size_t>(code)); }

}  // namespace

Error Error::within(std::string_view context) const { return {code, std::string(context) + ": " + message}; }

std::string_view to_string(ErrorCode code) { return row(code).name; }
int http_status(ErrorCode code) { return row(code).http; }
bool is_retryable(ErrorCode code) { return row(code).retryable; }

std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << to_string(error.code) << ": " << error.message;
}

Error invalid_argument(std::string m) { return {ErrorCode::kInvalidArgument, std::move(m)}; }
Error not_found(std::string m) { return {ErrorCode::kNotFound, std::move(m)}; }
Error already_exists(std::string m) { return {ErrorCode::kAlreadyExists, std::move(m)}; }
Error failed_precondition(std::string m) { return {ErrorCode::kFailedPrecondition, std::move(m)}; }
Error too_large(std::string m) { return {ErrorCode::kTooLarge, std::move(m)}; }
Error unauthorized(std::string m) { return {ErrorCode::kUnauthorized, std::move(m)}; }
Error resource_exhausted(std::string m) { return {ErrorCode::kResourceExhausted, std::move(m)}; }
Error storage_full(std::string m) { return {ErrorCode::kStorageFull, std::move(m)}; }
Error unavailable(std::string m) { return {ErrorCode::kUnavailable, std::move(m)}; }
Error deadline_exceeded(std::string m) { return {ErrorCode::kDeadlineExceeded, std::move(m)}; }
Error cancelled(std::string m) { return {ErrorCode::kCancelled, std::move(m)}; }
Error data_loss(std::string m) { return {ErrorCode::kDataLoss, std::move(m)}; }
Error unimplemented(std::string m) { return {ErrorCode::kUnimplemented, std::move(m)}; }
Error internal(std::string m) { return {ErrorCode::kInternal, std::move(m)}; }

Error system_error(std::string_view what, int code) {
  std::string message = std::string(what) + ": " + std::strerror(code);
  switch (code) {
    case ENOENT: return not_found(std::move(message));
    case EEXIST: return already_exists(std::move(message));
    case EACCES:
    case EPERM: return {ErrorCode::kFailedPrecondition, message + "; check the owner and permissions"};
    case ENOSPC:
    case EDQUOT: return storage_full(message + "; free space or choose another folder with --data");
    case EMFILE:
    case ENFILE: return resource_exhausted(message + "; raise the limit on open files (ulimit -n)");
    case ENOMEM: return resource_exhausted(std::move(message));
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE: return unavailable(std::move(message));
    case ETIMEDOUT: return deadline_exceeded(std::move(message));
    default: return internal(std::move(message));
  }
}

}  // namespace fw
