#include "net/impl/transport.h"

#include <poll.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace fw::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

short poll_now(int descriptor, short events) {
  pollfd entry{.fd = descriptor, .events = events, .revents = 0};
  if (::poll(&entry, 1, 0) < 0) return POLLERR;
  return entry.revents;
}

}  // namespace

Task<error_code> Transport::accept_tls(std::shared_ptr<asio::ssl::context> context) {
  context_ = std::move(context);
  tls_ = std::make_unique<TlsStream>(socket_, *context_);
  error_code ec;
  co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, ec));
  co_return ec;
}

Task<error_code> Transport::connect_tls(std::shared_ptr<asio::ssl::context> context, std::string host) {
  context_ = std::move(context);
  tls_ = std::make_unique<TlsStream>(socket_, *context_);
  error_code ec;
  asio::ip::make_address(host, ec);
  const bool is_name = static_cast<bool>(ec);
  if (is_name && SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str()) != 1) {
    co_return error_code(asio::error::invalid_argument);
  }
  if (SSL_CTX_get_verify_mode(context_->native_handle()) != SSL_VERIFY_NONE) {
    tls_->set_verify_callback(asio::ssl::host_name_verification(host), ec);
    if (ec) co_return ec;
  }
  ec = {};
  co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, ec));
  co_return ec;
}

Task<IoResult> Transport::read_some(asio::mutable_buffer into) {
  IoResult result;
  if (tls_) {
    result.bytes = co_await tls_->async_read_some(into, asio::redirect_error(asio::use_awaitable, result.error));
  } else {
    result.bytes = co_await socket_.async_read_some(into, asio::redirect_error(asio::use_awaitable, result.error));
  }
  co_return result;
}

Task<error_code> Transport::write(Gather buffers) {
  error_code ec;
  if (tls_) {
    co_await asio::async_write(*tls_, buffers, asio::redirect_error(asio::use_awaitable, ec));
  } else {
    co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, ec));
  }
  co_return ec;
}

void Transport::close() {
  error_code ignored;
  socket_.close(ignored);
}

Task<void> Transport::shut_down_writing() {
  error_code ignored;
  if (tls_) co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

bool Transport::is_stale() { return !socket_.is_open() || poll_now(socket_.native_handle(), POLLIN | POLLRDHUP) != 0; }

bool Transport::has_peer_closed() {
  return !socket_.is_open() || (poll_now(socket_.native_handle(), POLLRDHUP) & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace fw::net
