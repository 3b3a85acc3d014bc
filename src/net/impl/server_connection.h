#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "net/impl/connection_table.h"
#include "net/impl/message_parser.h"
#include "net/impl/message_writer.h"
#include "net/impl/read_buffer.h"
#include "net/impl/transport.h"
#include "net/impl/waiter.h"
#include "net/impl/watch.h"
#include "net/server.h"

namespace fw::net {

/// What every connection of a server shares, read-only.
struct ServerShared {
  ServerOptions options;
  Handler handler;
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::stop_source stopping = {};  ///< as IncomingRequest::stopping
};

/// The address of a socket's peer without its port; of an IPv6 one the network that is one customer's (/64).
[[nodiscard]] std::string address_of(const boost::asio::ip::tcp::socket& socket);

/// One client of the server: reads requests one after the other, has them answered, and closes. All of it on one
/// strand; `stop` and `abort` may be called from any thread.
///
/// Reading goes on while a handler runs, as far as one buffer: that is how a client that leaves is noticed. The read is
/// one callback, which the connection's coroutine may or may not wait for.
class ServerConnection final : public std::enable_shared_from_this<ServerConnection> {
 public:
  /// `address`: address_of() its socket.
  ServerConnection(std::shared_ptr<const ServerShared> shared, boost::asio::ip::tcp::socket socket, std::string address,
                   Executor strand);

  [[nodiscard]] Task<void> run();
  /// Answers 503 and closes.
  [[nodiscard]] Task<void> run_rejecting();
  /// What it is doing, for who looks for one that may give way.
  [[nodiscard]] const Activity& activity() const { return activity_; }
  /// Closes where no request is under way, nor one's head just coming; else after that request.
  void give_way();
  /// No further request, but one that comes is told so; a running handler goes on. `known` is let go once the
  /// connection knows.
  void drain(std::shared_ptr<void> known);
  /// After drain(): closes, unless a request is under way or one's first bytes are there.
  void end_idle();
  /// No further request; a running handler's deadline is cancelled.
  void stop();
  /// Closes the socket.
  void abort();

 private:
  class Body;
  class Writer;

  /// What the connection is doing:
  ///   kIdle -> kReading (a request begins) -> kAnswering (a handler runs) -> kIdle
  /// and from any of them to kClosing, which is never left: the client is gone, or the answer could not be sent.
  enum class Phase : std::uint8_t { kIdle, kReading, kAnswering, kClosing };
  /// Of the read that is under way or has ended without being taken.
  enum class Reading : std::uint8_t { kNone, kPending, kDone };

  [[nodiscard]] Task<bool> handshake();
  /// Serves one request; false when the connection is done.
  [[nodiscard]] Task<bool> serve_one();
  [[nodiscard]] Task<bool> wait_for_request(Instant since);
  [[nodiscard]] Task<bool> read_head();
  [[nodiscard]] Task<void> send_rejection(Response response);
  /// The request whose head has been read, without its body; takes it out of the parser.
  [[nodiscard]] IncomingRequest take_request(Method method);
  [[nodiscard]] std::optional<Response> stopping_answer(const IncomingRequest& request) const;
  /// For a request that comes after the server has begun to stop.
  [[nodiscard]] Task<void> turn_away(Method method);
  [[nodiscard]] Task<void> reject_request(Response response, std::string method, std::string target);
  [[nodiscard]] Task<bool> answer(Method method);
  [[nodiscard]] Task<void> call_handler(IncomingRequest& request, Writer& writer);
  [[nodiscard]] Task<bool> finish_request(const IncomingRequest& request, Body& body, Writer& writer);
  [[nodiscard]] Task<void> linger();

  void begin_read();
  void on_read(const boost::system::error_code& ec, std::size_t bytes);
  /// Waits for bytes; an error when the client has closed, the time is over, or interrupt_read was called.
  [[nodiscard]] Task<boost::system::error_code> read_more(Instant until);
  void interrupt_read(std::uint64_t wait);
  void begin_reading_ahead();
  void client_has_closed(const boost::system::error_code& ec);
  void client_has_left();

  /// What the kernel takes without waiting; the outcome when that is all, or a failure.
  [[nodiscard]] std::optional<Status> write_at_once(Gather& buffers);
  [[nodiscard]] Task<Status> write_rest(Gather buffers, Deadline deadline);
  [[nodiscard]] Task<Status> write(Gather buffers, Deadline deadline);
  [[nodiscard]] Error write_failed(const boost::system::error_code& ec);
  [[nodiscard]] Error io_error(std::string_view what, const boost::system::error_code& ec) const;
  [[nodiscard]] bool is_own(const Deadline& deadline) const {
    return deadline.stop_token() == request_stop_.get_token();
  }
  [[nodiscard]] bool is_closing() const { return phase_ == Phase::kClosing; }
  /// Another request may come after this one, as far as it is for us to say.
  [[nodiscard]] bool may_go_on() const { return !is_stopping_ && !is_last_ && !is_closing(); }
  [[nodiscard]] bool may_keep_alive() const {
    return parser_->keeps_alive() && may_go_on() && !is_body_lost_ && !has_client_closed_;
  }
  [[nodiscard]] const std::string& date();
  /// Has ServerOptions::observe look at what this connection answered; fills in what is its own.
  void observe(Exchange exchange);

  std::shared_ptr<const ServerShared> shared_;
  Executor strand_;
  Transport transport_;
  std::shared_ptr<Watch> watch_;
  ReadBuffer buffer_;
  std::optional<RequestParser> parser_;
  const std::string address_;
  std::string peer_;
  std::stop_source request_stop_;
  Activity activity_;
  Instant request_begin_{};
  Phase phase_ = Phase::kIdle;
  bool is_stopping_ = false;        // the server stops
  bool is_last_ = false;            // another connection is to have its place
  bool is_body_lost_ = false;       // what follows in the stream of bytes cannot be told
  bool has_client_closed_ = false;  // its side only, perhaps
  bool is_writing_ = false;

  Reading reading_ = Reading::kNone;
  boost::system::error_code read_error_;
  Waiter reader_;
  std::uint64_t read_wait_ = 0;  // numbers the waits of read_more
  bool is_read_interrupted_ = false;
  std::unique_ptr<boost::asio::steady_timer> leaving_;

  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace fw::net
