#include "capture/otlp/impl/reply.h"

#include <nlohmann/json.hpp>

namespace fw::capture::otlp {
namespace {

constexpr std::string_view kRetryAfter = "2";

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  return out + static_cast<char>(value);
}

std::string bytes_field(int number, std::string_view bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

std::string varint_field(int number, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(number) << 3) + varint(value);
}

net::Response reply(int status, Encoding encoding, std::string body) {
  const bool is_json = encoding == Encoding::kJson;
  return {.status = status,
          .headers = {{"Content-Type", is_json ? "application/json" : "application/x-protobuf"}},
          .body = std::move(body)};
}

/// The HTTP status and the code of google.rpc.
struct Code {
  int http;
  int rpc;
};

Code code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return {400, 3};
    case ErrorCode::kTooLarge: return {413, 3};
    case ErrorCode::kUnauthorized: return {401, 16};
    case ErrorCode::kResourceExhausted: return {429, 8};
    default: return {503, 14};
  }
}

net::Response refused(Encoding encoding, const Code& code, const std::string& message) {
  const nlohmann::ordered_json json{{"code", code.rpc}, {"message", message}};
  std::string body = encoding == Encoding::kJson
                         ? json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                         : varint_field(1, static_cast<std::uint64_t>(code.rpc)) + bytes_field(2, message);
  net::Response response = reply(code.http, encoding, std::move(body));
  if (code.http == 429 || code.http == 503) response.headers.set("Retry-After", std::string(kRetryAfter));
  return response;
}

}  // namespace

net::Response accepted(Encoding encoding, Signal signal, std::uint64_t rejected, const std::string& why) {
  if (encoding == Encoding::kJson) {
    nlohmann::ordered_json partial = nlohmann::ordered_json::object();
    if (rejected > 0) {
      partial[signal == Signal::kTraces ? "rejectedSpans" : "rejectedLogRecords"] = std::to_string(rejected);
      partial["errorMessage"] = why;
    }
    return reply(200, encoding, nlohmann::ordered_json{{"partialSuccess", partial}}.dump());
  }
  if (rejected == 0) return reply(200, encoding, "");
  return reply(200, encoding, bytes_field(1, varint_field(1, rejected) + bytes_field(2, why)));
}

net::Response refused(Encoding encoding, const Error& error) {
  return refused(encoding, code_of(error.code), error.message);
}

net::Response refused(Encoding encoding, int status, const std::string& message) {
  const int rpc = status == 401 ? 16 : status == 403 ? 7 : status == 503 ? 14 : 8;
  return refused(encoding, {.http = status, .rpc = rpc}, message);
}

net::Response unsupported_media_type() {
  return net::text_response(415, "415 unsupported media type, supported: [application/json, application/x-protobuf]");
}

}  // namespace fw::capture::otlp
