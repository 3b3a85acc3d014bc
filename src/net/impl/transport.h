#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <string>
#include <utility>

#include "async/task.h"

namespace fw::net {

/// What one write gathers: a head, a chunk's frame, its bytes. What was written is taken off its beginning.
using Gather = std::array<boost::asio::const_buffer, 3>;

/// A TCP socket, with TLS over it or without. At most one read and one write at a time, all on one strand at a time.
class Transport final {
 public:
  explicit Transport(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// No delay for small writes, and a peer that vanished without a word is noticed within minutes.
  void set_options();
  [[nodiscard]] Task<boost::system::error_code> accept_tls(std::shared_ptr<boost::asio::ssl::context> context);
  /// Sends the host name and verifies the certificate against it, unless the context verifies nothing.
  [[nodiscard]] Task<boost::system::error_code> connect_tls(std::shared_ptr<boost::asio::ssl::context> context,
                                                            std::string host);

  /// Asio's `async_read_some` and `async_write_some`, with or without TLS.
  template <class Token>
  auto async_read_some(boost::asio::mutable_buffer into, Token&& token) {
    if (tls_) return tls_->async_read_some(into, std::forward<Token>(token));
    return socket_.async_read_some(into, std::forward<Token>(token));
  }
  template <class Token>
  auto async_write_some(const Gather& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }
  /// Writes what the kernel takes without waiting; over TLS nothing.
  [[nodiscard]] boost::system::error_code write_at_once(Gather& buffers);

  /// Ends every wait; later operations fail.
  void close();
  /// Tells the peer that nothing more will be sent. Over TLS its close notice goes out first.
  [[nodiscard]] Task<void> shut_down_writing();
  /// The peer has hung up, or sent what nobody asked for: not fit for another request.
  [[nodiscard]] bool is_stale();
  /// Bytes that were written and that the peer's kernel has not taken yet.
  [[nodiscard]] std::size_t unsent_bytes();
  /// To the peer and back, as the kernel has seen it so far; zero where it does not tell.
  [[nodiscard]] Duration round_trip();
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::unique_ptr<TlsStream> tls_;
};

[[nodiscard]] inline std::size_t size_of(const Gather& buffers) { return boost::asio::buffer_size(buffers); }
/// Takes `written` bytes off the beginning.
void advance(Gather& buffers, std::size_t written);

}  // namespace fw::net
