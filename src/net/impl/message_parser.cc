#include "net/impl/message_parser.h"

#include <boost/beast/http/error.hpp>

namespace fw::net {

namespace http = boost::beast::http;
namespace asio = boost::asio;

namespace {

constexpr std::string_view kShortestLastChunk = "0\r\n\r\n";

std::string_view to_std(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

template <bool kIsRequest>
MessageParser<kIsRequest>::MessageParser(const ParserLimits& limits) : limits_(limits) {
  this->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  if (limits.body_bytes == UINT64_MAX) {
    this->body_limit(boost::none);
  } else {
    this->body_limit(limits.body_bytes);
  }
}

template <bool kIsRequest>
Result<std::size_t> MessageParser<kIsRequest>::feed(std::string_view bytes) {
  const bool had_head = has_head();
  // Asked again about less than the shortest end of a chunked body, the library would fail an assertion.
  if (awaits_frame_ && bytes.size() < kShortestLastChunk.size()) return std::size_t{0};
  awaits_frame_ = false;
  std::size_t used = 0;
  while (!is_done() && used < bytes.size()) {
    Ec ec;
    const std::size_t n = this->put(asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    used += n;
    // The library bounds what it sees in one call; heads that come in drops are bounded here.
    if (!had_head && (header_bytes_ += n) > limits_.header_bytes) ec = http::error::header_limit;
    if (ec == http::error::need_more) {
      // A chunk's frame or the trailers: whole in the buffer, so bounded like a head.
      if (had_head && bytes.size() - used > limits_.header_bytes) return refuse(http::error::header_limit);
      awaits_frame_ = has_head();
      break;
    }
    if (ec) return refuse(ec);
    if (!had_head && has_head()) break;
  }
  return used;
}

template <bool kIsRequest>
Status MessageParser<kIsRequest>::feed_end() {
  Ec ec = http::error::partial_message;
  if (has_started() && !is_done()) this->put_eof(ec);
  if (!ec) return {};
  return data_loss(has_started() ? "the connection was closed in the middle of the message"
                                 : "the connection was closed before the message began");
}

template <bool kIsRequest>
Error MessageParser<kIsRequest>::refuse(const Ec& ec) {
  if (ec == http::error::header_limit) {
    refusal_ = 431;
    return too_large("the headers are larger than the limit of " + std::to_string(limits_.header_bytes) + " bytes or " +
                     std::to_string(limits_.fields) + " fields");
  }
  if (ec == http::error::body_limit) {
    refusal_ = 413;
    return too_large("the body is larger than the limit of " + std::to_string(limits_.body_bytes) + " bytes");
  }
  std::string message = "malformed HTTP: " + ec.message();
  return kIsRequest ? invalid_argument(std::move(message)) : data_loss(std::move(message));
}

template <bool kIsRequest>
void MessageParser<kIsRequest>::on_request_impl(http::verb, View method, View target, int version, Ec&) {
  method_ = to_std(method);
  target_ = to_std(target);
  version_ = version;
}

template <bool kIsRequest>
void MessageParser<kIsRequest>::on_response_impl(int code, View, int version, Ec&) {
  status_ = code;
  version_ = version;
}

template <bool kIsRequest>
void MessageParser<kIsRequest>::on_field_impl(http::field, View name, View value, Ec& ec) {
  if (has_head()) return;  // a trailer
  if (headers_.size() >= limits_.fields) {
    ec = http::error::header_limit;
    return;
  }
  headers_.add(std::string(to_std(name)), std::string(to_std(value)));
}

template <bool kIsRequest>
std::size_t MessageParser<kIsRequest>::on_body_impl(View body, Ec&) {
  body_ += to_std(body);
  return body.size();
}

template <bool kIsRequest>
std::size_t MessageParser<kIsRequest>::on_chunk_body_impl(std::uint64_t, View body, Ec&) {
  body_ += to_std(body);
  return body.size();
}

template class MessageParser<true>;
template class MessageParser<false>;

}  // namespace fw::net
