#include "net/impl/request_rules.h"

#include <algorithm>

#include "net/url.h"

namespace fw::net {
namespace {

std::size_t count(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const Headers::Field& f) { return equals_ignoring_case(f.name, name); }));
}

/// `Transfer-Encoding: chunked` and nothing else. Codings below it (gzip, chunked) would be handed on as if they were
/// the body.
bool is_chunked_alone(const Headers& headers) {
  return count(headers, "Transfer-Encoding") == 1 &&
         equals_ignoring_case(headers.find("Transfer-Encoding").value_or(""), "chunked");
}

bool is_absolute_form(std::string_view target) {
  return equals_ignoring_case(target.substr(0, 7), "http://") || equals_ignoring_case(target.substr(0, 8), "https://");
}

/// A name or address with a port (RFC 9110, 7.2); empty where the target has no authority. What lies outside would let
/// a filter in front read another host than we do.
bool is_host(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~%!$&'()*+;=:[]").find(c) != std::string_view::npos;
  });
}

std::optional<Response> reject_host(const RequestParser& parser) {
  const std::size_t hosts = count(parser.headers(), "Host");
  if (parser.is_http_1_1() && hosts == 0) return detail_response(400, "header Host is missing");
  if (hosts > 1) return detail_response(400, "header Host stands there more than once");
  if (hosts == 1 && !is_host(*parser.headers().find("Host"))) {
    return detail_response(400, "header Host is no name or address with a port");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Response> reject(const RequestParser& parser) {
  const Headers& headers = parser.headers();
  const auto method = parse_method(parser.method());
  if (!method) return detail_response(501, "method " + parser.method() + " is not supported");
  if (headers.contains("Transfer-Encoding")) {
    // HTTP/1.0 has no transfer codings: whoever stands in front may have taken the body for the next request.
    if (!parser.is_http_1_1()) return detail_response(400, "HTTP/1.0 has no header Transfer-Encoding");
    if (!is_chunked_alone(headers)) return detail_response(501, "only the transfer encoding chunked is supported");
  }
  if (auto response = reject_host(parser)) return response;
  const std::string& target = parser.target();
  const bool is_path = target.starts_with('/') || (target == "*" && *method == Method::kOptions);
  if (!is_path && !(is_absolute_form(target) && parse_url(target).ok())) {
    return detail_response(400, "the target of the request is neither a path nor an http url");
  }
  return std::nullopt;
}

void to_origin_form(std::string& target, Headers& headers) {
  if (!is_absolute_form(target)) return;
  if (auto url = parse_url(target); url.ok()) {
    headers.set("Host", url->host_header());
    target = std::move(url->target);
  }
}

Status check_transfer_coding(const AnswerParser& parser) {
  if (!parser.headers().contains("Transfer-Encoding")) return {};
  if (parser.is_http_1_1() && is_chunked_alone(parser.headers())) return {};
  return data_loss("the answer has a transfer encoding other than chunked");
}

}  // namespace fw::net
