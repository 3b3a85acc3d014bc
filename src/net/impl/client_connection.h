#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>

#include "net/client.h"
#include "net/impl/message_parser.h"
#include "net/impl/read_buffer.h"
#include "net/impl/transport.h"
#include "net/impl/watch.h"
#include "net/url.h"

namespace fw::net {

/// A request as it goes on the wire.
struct WireRequest {
  Url url;
  std::string head;
  std::string body;                            ///< the whole body, where it is not read from a source
  std::optional<std::uint64_t> source_length;  ///< of a source; chunked when unknown
  bool is_head_request = false;
  bool is_replayable = false;
};

/// Why an exchange failed, and whether the same request may be sent again on a fresh connection: it was the connection
/// that failed, before anything came back.
struct ExchangeFailure {
  Error error;
  bool is_stale_connection = false;
};

/// One connection of the client. What waits does so between `begin` and `pause`, on one strand; between them and the
/// next `begin` the connection may move to another strand or be destroyed by any thread.
class ClientConnection final {
 public:
  /// The socket's events come from `executor`'s context, wherever they are awaited.
  ClientConnection(const Executor& executor, const ClientOptions& options) : executor_(executor), options_(options) {}
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  [[nodiscard]] Task<Status> connect(Url url, std::shared_ptr<boost::asio::ssl::context> tls, Deadline deadline);

  void begin(const Executor& strand);
  void pause();
  /// Fit to be kept: nothing is half said.
  [[nodiscard]] bool is_reusable();
  [[nodiscard]] bool is_stale() { return !transport_ || !buffer_.unread().empty() || transport_->is_stale(); }

  /// Sends the request and reads the head of its answer. `wire` and `source` must outlive the task.
  [[nodiscard]] Task<std::optional<ExchangeFailure>> exchange(const WireRequest& wire, BodyReader* source,
                                                              Deadline deadline);
  [[nodiscard]] ResponseHead take_head();
  [[nodiscard]] bool is_complete() const { return parser_->is_done() && !parser_->has_body_bytes(); }
  [[nodiscard]] Task<Result<std::optional<std::string>>> next(Deadline deadline);

  [[nodiscard]] const std::string& origin() const { return origin_; }
  Instant kept_since{};

 private:
  [[nodiscard]] Task<boost::system::error_code> write(Gather buffers);
  [[nodiscard]] Task<Status> send_chunked(BodyReader& source, Deadline deadline);
  [[nodiscard]] Task<Status> send_counted(BodyReader& source, std::uint64_t length, Deadline deadline);
  [[nodiscard]] Task<Status> read_head(bool is_head_request);
  [[nodiscard]] Task<Status> read_more();
  [[nodiscard]] Task<Status> wait_for_body(Deadline deadline);
  [[nodiscard]] Error failure(std::string_view doing, const boost::system::error_code& ec) const;

  Executor executor_;
  ClientOptions options_;
  std::string origin_;
  std::unique_ptr<Transport> transport_;
  std::shared_ptr<Watch> watch_;
  ReadBuffer buffer_;
  std::optional<AnswerParser> parser_;
  bool has_received_ = false;
  bool is_broken_ = false;     // nothing more can be read
  bool is_half_sent_ = false;  // the request was not sent whole: what is answered can be read, then it ends
};

}  // namespace fw::net
