#include "net/impl/transport.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fw::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

using KeepIdle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
using KeepInterval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kUserTimeoutMilliseconds = 120'000;  // of bytes that the peer's machine does not even confirm

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

void Transport::set_options() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.set_option(KeepIdle(kKeepAliveIdleSeconds), ignored);
  socket_.set_option(KeepInterval(kKeepAliveIntervalSeconds), ignored);
  socket_.set_option(UserTimeout(kUserTimeoutMilliseconds), ignored);
}

error_code Transport::write_at_once(Gather& buffers) {
  if (tls_) return {};
  std::array<iovec, std::tuple_size_v<Gather>> pieces{};
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    pieces[i] = {.iov_base = const_cast<void*>(buffers[i].data()), .iov_len = buffers[i].size()};
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const auto written = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (written < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) return {};
    return {errno, boost::system::system_category()};
  }
  advance(buffers, static_cast<std::size_t>(written));
  return {};
}

void advance(Gather& buffers, std::size_t written) {
  for (auto& buffer : buffers) {
    const std::size_t n = std::min(written, buffer.size());
    buffer += n;
    written -= n;
  }
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

std::size_t Transport::unsent_bytes() {
  int bytes = 0;
  if (!socket_.is_open() || ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) != 0) return 0;
  return static_cast<std::size_t>(bytes);
}

Duration Transport::round_trip() {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (!socket_.is_open() || ::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
    return {};
  return std::chrono::microseconds(info.tcpi_rtt);
}

}  // namespace fw::net
