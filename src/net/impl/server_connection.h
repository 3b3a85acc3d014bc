#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "net/impl/message_parser.h"
#include "net/impl/message_writer.h"
#include "net/impl/read_buffer.h"
#include "net/impl/transport.h"
#include "net/impl/watch.h"
#include "net/server.h"

namespace fw::net {

/// What every connection of a server shares, read-only.
struct ServerShared {
  ServerOptions options;
  Handler handler;
  std::shared_ptr<boost::asio::ssl::context> tls;
};

/// One client of the server: reads requests one after the other, has them answered, and closes. All of it on one
/// strand; `stop` and `abort` may be called from any thread.
class ServerConnection final : public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(std::shared_ptr<const ServerShared> shared, boost::asio::ip::tcp::socket socket, Executor strand);

  [[nodiscard]] Task<void> run();
  /// Answers 503 and closes.
  [[nodiscard]] Task<void> turn_away();
  /// No further request; a running handler's deadline is cancelled.
  void stop();
  /// Closes the socket.
  void abort();

 private:
  class Body;
  class Writer;

  [[nodiscard]] Task<bool> shake_hands();
  /// Serves one request; false when the connection is done.
  [[nodiscard]] Task<bool> serve_one();
  [[nodiscard]] Task<bool> wait_for_request();
  [[nodiscard]] Task<bool> read_head();
  [[nodiscard]] Task<void> refuse(Response response);
  [[nodiscard]] Task<bool> answer(Method method);
  [[nodiscard]] Task<void> call_handler(IncomingRequest& request, Writer& writer);
  [[nodiscard]] Task<bool> finish_request(Body& body, Writer& writer);
  [[nodiscard]] Task<void> linger();

  [[nodiscard]] Task<boost::system::error_code> read_more(Instant until);
  [[nodiscard]] Task<Status> write(Gather buffers, Deadline deadline);
  [[nodiscard]] Error io_error(std::string_view what, const boost::system::error_code& ec) const;
  [[nodiscard]] bool may_keep_alive() const {
    return parser_->keeps_alive() && !is_stopping_ && !is_closing_ && !is_body_lost_;
  }
  [[nodiscard]] const std::string& date();

  void watch_for_leaving();
  void look_for_leaving(std::uint64_t watch);
  void end_watch_for_leaving();

  std::shared_ptr<const ServerShared> shared_;
  Executor strand_;
  Transport transport_;
  std::shared_ptr<Watch> watch_;
  ReadBuffer buffer_;
  std::optional<RequestParser> parser_;
  std::string peer_;
  std::stop_source request_stop_;
  bool is_stopping_ = false;
  bool is_idle_ = true;      // no handler runs
  bool is_closing_ = false;  // the client is gone
  bool is_body_lost_ = false;
  std::int64_t date_second_ = -1;
  std::string date_;

  std::uint64_t leaving_watch_ = 0;
  boost::asio::cancellation_signal leaving_cancel_;
  boost::asio::steady_timer leaving_timer_;
};

}  // namespace fw::net
