#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace fw {

/// Why an operation did not succeed. One table (error.cc) maps each code to an HTTP status and to whether trying again
/// can help; nothing else in the project makes that decision.
enum class ErrorCode {
  kInvalidArgument,     ///< the caller's input is wrong, whatever the state of the system
  kNotFound,            ///< the named thing does not exist
  kAlreadyExists,       ///< the named thing exists and may not be replaced
  kFailedPrecondition,  ///< the input is right but the system is in no state to accept it
  kTooLarge,            ///< a limit on size or count was exceeded
  kUnauthorized,        ///< credentials are missing or wrong
  kResourceExhausted,   ///< memory, ports or a rate limit; may pass with time
  kStorageFull,         ///< the disk or a quota on it is full; passes when somebody makes room
  kUnavailable,         ///< a peer or an engine cannot be reached; may pass with time
  kDeadlineExceeded,    ///< time ran out
  kCancelled,           ///< somebody asked for it to stop
  kDataLoss,            ///< stored or received bytes are damaged
  kUnimplemented,       ///< this build or this kind of input is not supported
  kInternal,            ///< a defect of ours
};

/// A failure: a code to branch on, and a message for a person. Messages are lower case, name the thing and the remedy:
/// `port 8000 is in use by another process; choose another with --port or stop that process`.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  /// The same error seen from further out: `context + ": " + message`.
  [[nodiscard]] Error within(std::string_view context) const;

  friend bool operator==(const Error&, const Error&) = default;
};

[[nodiscard]] std::string_view to_string(ErrorCode code);
[[nodiscard]] int http_status(ErrorCode code);
[[nodiscard]] bool is_retryable(ErrorCode code);

std::ostream& operator<<(std::ostream& out, const Error& error);

[[nodiscard]] Error invalid_argument(std::string message);
[[nodiscard]] Error not_found(std::string message);
[[nodiscard]] Error already_exists(std::string message);
[[nodiscard]] Error failed_precondition(std::string message);
[[nodiscard]] Error too_large(std::string message);
[[nodiscard]] Error unauthorized(std::string message);
[[nodiscard]] Error resource_exhausted(std::string message);
[[nodiscard]] Error storage_full(std::string message);
[[nodiscard]] Error unavailable(std::string message);
[[nodiscard]] Error deadline_exceeded(std::string message);
[[nodiscard]] Error cancelled(std::string message);
[[nodiscard]] Error data_loss(std::string message);
[[nodiscard]] Error unimplemented(std::string message);
[[nodiscard]] Error internal(std::string message);

/// The error of a failed system call: `what: strerror(code)`, with the remedy for a full disk, too many open files and
/// missing permission.
[[nodiscard]] Error system_error(std::string_view what, int code);

}  // namespace fw
