#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace fw::net {

struct ParserLimits {
  std::size_t header_bytes = 64 * 1024;
  std::uint64_t body_bytes = UINT64_MAX;
  std::size_t fields = 1000;
};

/// One message out of bytes that come in pieces, with limits. Plain and synchronous; a new one for each message.
///
/// Invariants: bytes that `feed` did not consume must stand, unchanged, at the beginning of what is fed next; after an
/// error nothing more is fed.
template <bool kIsRequest>
class MessageParser final : private boost::beast::http::basic_parser<kIsRequest> {
 public:
  explicit MessageParser(const ParserLimits& limits);

  /// How many bytes were used: up to the end of the head (once), of the message, or as far as possible without more.
  [[nodiscard]] Result<std::size_t> feed(std::string_view bytes);
  /// The peer closed its side: the end of a body that has no other end, or kDataLoss.
  [[nodiscard]] Status feed_end();

  /// For the answer to HEAD: no body follows, whatever the head says. Before the first byte.
  void expect_no_body() { this->skip(true); }

  [[nodiscard]] bool has_started() const { return this->got_some(); }
  [[nodiscard]] bool has_head() const { return this->is_header_done(); }
  [[nodiscard]] bool is_done() const { return Base::is_done(); }
  /// The connection may carry another message after this one.
  [[nodiscard]] bool keeps_alive() const { return this->keep_alive(); }
  [[nodiscard]] bool is_chunked() const { return this->chunked(); }
  [[nodiscard]] bool has_content_length() const { return this->content_length().has_value(); }
  /// The status a server answers to what `feed` refused.
  [[nodiscard]] int refusal() const { return refusal_; }

  /// Body bytes that were fed and not taken yet.
  [[nodiscard]] std::string take_body() { return std::exchange(body_, {}); }
  [[nodiscard]] bool has_body_bytes() const { return !body_.empty(); }

  [[nodiscard]] const std::string& method() const { return method_; }
  [[nodiscard]] const std::string& target() const { return target_; }
  [[nodiscard]] std::string take_target() { return std::move(target_); }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool is_http_1_1() const { return version_ >= 11; }
  [[nodiscard]] const Headers& headers() const { return headers_; }
  [[nodiscard]] Headers take_headers() { return std::move(headers_); }

 private:
  using Base = boost::beast::http::basic_parser<kIsRequest>;
  using Ec = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, View method, View target, int version, Ec& ec) override;
  void on_response_impl(int code, View reason, int version, Ec& ec) override;
  void on_field_impl(boost::beast::http::field, View name, View value, Ec& ec) override;
  void on_header_impl(Ec&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Ec&) override {}
  std::size_t on_body_impl(View body, Ec&) override;
  void on_chunk_header_impl(std::uint64_t, View, Ec&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Ec&) override;
  void on_finish_impl(Ec&) override {}

  [[nodiscard]] Error refuse(const Ec& ec);

  ParserLimits limits_;
  std::size_t header_bytes_ = 0;
  bool awaits_frame_ = false;  ///< a chunk's frame or the trailers have begun and are not whole yet
  int refusal_ = 400;
  std::string method_;
  std::string target_;
  int status_ = 0;
  int version_ = 11;
  Headers headers_;
  std::string body_;
};

extern template class MessageParser<true>;
extern template class MessageParser<false>;

using RequestParser = MessageParser<true>;
using AnswerParser = MessageParser<false>;

}  // namespace fw::net
