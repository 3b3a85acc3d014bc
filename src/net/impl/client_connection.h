#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>

#include "net/client.h"
#include "net/impl/connect.h"
#include "net/impl/message_parser.h"
#include "net/impl/read_buffer.h"
#include "net/impl/transport.h"
#include "net/impl/watch.h"
#include "net/url.h"

namespace fw::net {

/// A request as it goes on the wire.
struct WireRequest {
  Url url;
  std::string origin;  ///< of the url
  std::string head;
  std::string body;                            ///< the whole body, where it is not read from a source
  std::optional<std::uint64_t> source_length;  ///< of a source; chunked when unknown
  bool is_head_request = false;
  bool is_replayable = false;
};

/// Why an exchange failed, and whether the same request may be sent again on a fresh connection: it was the connection
/// that failed, so soon that the server cannot have worked on the request.
struct ExchangeFailure {
  Error error;
  bool is_stale_connection = false;
};

/// One connection of the client. While it is in use all of it happens on one serial executor, its home (`move_to`);
/// between two uses it may change homes, or be destroyed by any thread. Shared by its owner and by the write that may
/// still be under way when the owner has what it wanted.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection> {
 public:
  /// The socket's events come from `executor`'s context, wherever they are awaited.
  ClientConnection(const Executor& executor, const ClientOptions& options)
      : options_(options), transport_(boost::asio::ip::tcp::socket(executor)) {}
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;
  ~ClientConnection() = default;

  void move_to(const Executor& home);
  /// Holds nothing of its home any more; `move_to` comes before anything else.
  void leave_home() { watch_.reset(); }
  [[nodiscard]] const Executor& home() const { return watch_->strand(); }
  [[nodiscard]] Task<Status> connect(Url url, Resolver& resolver, std::shared_ptr<boost::asio::ssl::context> tls,
                                     Deadline deadline);
  /// Ends everything that goes on; at home, or from any thread once nothing does.
  void close() { transport_.close(); }
  /// The same for an owner that goes away wherever it is, while the request may still be going out.
  void abandon();
  /// Fit to be kept: nothing is half said.
  [[nodiscard]] bool is_reusable();
  [[nodiscard]] bool is_stale() { return !buffer_.unread().empty() || transport_.is_stale(); }

  /// Begins to send the head and, if it is whole, the body, and goes on while the answer is read: a server may answer
  /// before it has read all, and not read on before its answer is taken.
  void begin_sending(std::shared_ptr<const WireRequest> wire);
  /// Forgets the exchange before: first of all where the request comes out of a source.
  void begin_exchange();
  /// Sends the head and the body out of a source, beside the reading of the answer.
  [[nodiscard]] Task<Status> send_from(std::shared_ptr<const WireRequest> wire, BodyReader& source, Deadline deadline);
  /// Reads up to the end of the answer's head.
  [[nodiscard]] Task<std::optional<ExchangeFailure>> receive_head(bool is_head_request, Deadline deadline);
  [[nodiscard]] ResponseHead take_head();
  [[nodiscard]] bool is_complete() const { return parser_->is_done() && !parser_->has_body_bytes(); }
  /// All of it, if all of it is here.
  [[nodiscard]] std::optional<std::string> take_whole_body();
  /// As BodyReader::next.
  [[nodiscard]] Task<Result<std::optional<std::string>>> next(Deadline deadline);

  [[nodiscard]] const std::string& origin() const { return origin_; }
  Instant kept_since{};

 private:
  /// Parses what was read; what is malformed breaks the body off.
  void feed_unread();
  /// What of the body is here already: a piece, the end, an error; nothing when more must be read.
  [[nodiscard]] std::optional<Result<std::optional<std::string>>> take_body();
  [[nodiscard]] Status after_read(const boost::system::error_code& ec, std::size_t bytes);

  /// Of the request: kWhole once its last byte is with the kernel.
  enum class Sending : std::uint8_t { kIdle, kUnderWay, kWhole, kFailed };

  void send_more();
  void on_sent(const boost::system::error_code& ec, std::size_t bytes);
  void end_sending(const boost::system::error_code& ec);
  /// Has the proxy connect to the server of `url`; what follows goes to that one.
  [[nodiscard]] Task<Status> open_tunnel(Url url);
  [[nodiscard]] Task<Status> write(Gather buffers);
  [[nodiscard]] bool has_just_been_sent();
  [[nodiscard]] Task<Status> read_head(bool is_head_request);
  [[nodiscard]] Task<Status> read_more();
  [[nodiscard]] Error failure(std::string_view doing, const boost::system::error_code& ec) const;

  ClientOptions options_;
  std::string origin_;
  Transport transport_;
  std::shared_ptr<Watch> watch_;
  ReadBuffer buffer_;
  std::optional<AnswerParser> parser_;
  std::shared_ptr<const WireRequest> wire_;  // while it is being sent
  Gather unsent_{};
  Sending sending_ = Sending::kIdle;
  Instant sent_at_{};  // when the request began to go out
  boost::system::error_code send_error_;
  bool has_received_ = false;
  bool is_broken_ = false;          // nothing more can be read
  std::optional<Error> malformed_;  // why, where it was the server's bytes
};

}  // namespace fw::net
