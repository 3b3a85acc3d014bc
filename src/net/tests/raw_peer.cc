#include "net/tests/raw_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace fw::net {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Listens on a free port of loopback and says which.
std::uint16_t listen_on(int listener, int backlog) {
  auto address = loopback(0);
  FW_ASSERT(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  FW_ASSERT(::listen(listener, backlog) == 0);
  socklen_t size = sizeof address;
  FW_ASSERT(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

}  // namespace

RawSocket::RawSocket(int descriptor) : descriptor_(descriptor) {
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  FW_ASSERT(::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
}

RawSocket RawSocket::to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto address = loopback(port);
  FW_ASSERT(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return RawSocket(descriptor);
}

void RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string RawSocket::read_until(std::string_view end) {
  std::string all;
  std::array<char, 64 * 1024> some;
  std::size_t searched = 0;
  while (all.find(end, searched) == std::string::npos) {
    searched = all.size() - std::min(all.size(), end.size());
    const auto n = ::recv(descriptor_, some.data(), some.size(), 0);
    if (n <= 0) break;
    all.append(some.data(), static_cast<std::size_t>(n));
  }
  return all;
}

std::string RawSocket::read_some(std::size_t limit) {
  std::string some(limit, '\0');
  const auto n = ::recv(descriptor_, some.data(), some.size(), 0);
  some.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return some;
}

void RawSocket::shut_down_writing() { ::shutdown(descriptor_, SHUT_WR); }

bool RawSocket::wait_closed() {
  std::array<char, 4096> some;
  while (true) {
    const auto n = ::recv(descriptor_, some.data(), some.size(), 0);
    if (n == 0) return true;
    if (n < 0) return errno == ECONNRESET;
  }
}

void RawSocket::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(descriptor_, -1));
}

void RawSocket::close() {
  if (descriptor_ < 0) return;
  ::shutdown(descriptor_, SHUT_RDWR);
  ::close(std::exchange(descriptor_, -1));
}

RawUpstream::RawUpstream(Script script) : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  port_ = listen_on(listener_, 64);
  thread_ = std::jthread([this] { serve(); });
}

void RawUpstream::serve() {
  for (int number = 0;; ++number) {
    const int descriptor = ::accept(listener_, nullptr, nullptr);
    if (descriptor < 0) return;
    // A second descriptor of the same socket, so that the script may close its own.
    const int watched = ::dup(descriptor);
    {
      const std::lock_guard lock(mutex_);
      current_ = watched;
      if (is_over_) ::shutdown(watched, SHUT_RDWR);
    }
    {
      RawSocket socket(descriptor);
      script_(socket, number);
    }
    const std::lock_guard lock(mutex_);
    current_ = -1;
    ::close(watched);
  }
}

RawUpstream::~RawUpstream() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    if (current_ >= 0) ::shutdown(current_, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

DeafListener::DeafListener() : listener_(::socket(AF_INET, SOCK_STREAM, 0)), port_(listen_on(listener_, 0)) {
  const auto address = loopback(port_);
  for (int i = 0; i < 4; ++i) {
    waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    (void)::connect(waiting_.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

DeafListener::~DeafListener() {
  for (const int descriptor : waiting_) ::close(descriptor);
  ::close(listener_);
}

}  // namespace fw::net
