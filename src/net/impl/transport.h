#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <string>

#include "async/task.h"

namespace fw::net {

struct IoResult {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

/// What one write gathers: a head, a chunk's frame, its bytes.
using Gather = std::array<boost::asio::const_buffer, 3>;

/// A TCP socket, with TLS over it or without. At most one read and one write at a time, all on one strand at a time.
class Transport final {
 public:
  explicit Transport(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] Task<boost::system::error_code> accept_tls(std::shared_ptr<boost::asio::ssl::context> context);
  /// Sends the host name and verifies the certificate against it, unless the context verifies nothing.
  [[nodiscard]] Task<boost::system::error_code> connect_tls(std::shared_ptr<boost::asio::ssl::context> context,
                                                            std::string host);

  [[nodiscard]] Task<IoResult> read_some(boost::asio::mutable_buffer into);
  [[nodiscard]] Task<boost::system::error_code> write(Gather buffers);

  /// Ends every wait; later operations fail.
  void close();
  /// Tells the peer that nothing more will be sent. Over TLS its close notice goes out first.
  [[nodiscard]] Task<void> shut_down_writing();
  /// The peer has hung up, or sent what nobody asked for: not fit for another request.
  [[nodiscard]] bool is_stale();
  /// The peer has closed its side (or the connection is broken), whatever bytes are still unread.
  [[nodiscard]] bool has_peer_closed();
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace fw::net
