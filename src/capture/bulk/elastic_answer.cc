#include "capture/bulk/impl/elastic_answer.h"

#include <nlohmann/json.hpp>

namespace fw::capture::elastic {

namespace {

constexpr std::string_view kRetryAfter = "5";

}  // namespace

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string cause(std::string_view type, std::string_view reason) {
  return R"({"type":)" + json_string(type) + R"(,"reason":)" + json_string(reason) + '}';
}

Answer refusal(int status, std::string_view type, std::string_view reason) {
  const std::string inner = R"("type":)" + json_string(type) + R"(,"reason":)" + json_string(reason);
  Answer answer{
      .status = status,
      .body = R"({"error":{"root_cause":[{)" + inner + "}]," + inner + R"(},"status":)" + std::to_string(status) + '}'};
  if (status == 429 || status == 503) answer.headers.set("Retry-After", std::string(kRetryAfter));
  return answer;
}

ErrorKind kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return {400, "illegal_argument_exception"};
    case ErrorCode::kNotFound: return {404, "resource_not_found_exception"};
    case ErrorCode::kAlreadyExists: return {409, "version_conflict_engine_exception"};
    case ErrorCode::kFailedPrecondition: return {400, "illegal_state_exception"};
    case ErrorCode::kTooLarge: return {413, "content_too_long_exception"};
    case ErrorCode::kUnauthorized: return {401, "security_exception"};
    case ErrorCode::kResourceExhausted: return {429, "es_rejected_execution_exception"};
    case ErrorCode::kUnimplemented: return {400, "unsupported_operation_exception"};
    case ErrorCode::kInternal: return {500, "internal_server_error"};
    // Full disks and damaged stores are mended by people; until then a client that keeps its data tries again.
    case ErrorCode::kStorageFull:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
    case ErrorCode::kDataLoss: return {503, "unavailable_shards_exception"};
  }
  return {500, "internal_server_error"};
}

Answer refusal(const Error& error) {
  const ErrorKind kind = kind_of(error.code);
  return refusal(kind.status, kind.type, error.message);
}

}  // namespace fw::capture::elastic
