#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace fw::net {

/// A plain blocking socket that says exactly what a test wants said. Reads give up after five seconds.
class RawSocket final {
 public:
  explicit RawSocket(int descriptor);
  /// Connects to a port on loopback.
  static RawSocket to(std::uint16_t port);
  ~RawSocket() { close(); }
  RawSocket(RawSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void send(std::string_view bytes);
  /// What comes, until `end` has been seen or the peer closes.
  std::string read_until(std::string_view end);
  /// One read of at most `limit` bytes; empty when the peer has closed.
  std::string read_some(std::size_t limit);
  void shut_down_writing();
  std::string read_to_end() { return read_until("\xff never \xff"); }
  /// Returns when the peer has closed; false when it has not within five seconds.
  bool wait_closed();
  /// The peer learns nothing but that the connection is gone.
  void reset();
  void close();

 private:
  int descriptor_;
};

/// An upstream on a thread of its own that runs `script` on each connection, one after the other, with its number. The
/// destructor ends what the script waits for.
class RawUpstream final {
 public:
  using Script = std::function<void(RawSocket&, int)>;
  explicit RawUpstream(Script script);
  ~RawUpstream();
  RawUpstream(const RawUpstream&) = delete;
  RawUpstream& operator=(const RawUpstream&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }

 private:
  void serve();

  Script script_;
  int listener_;
  std::mutex mutex_;
  int current_ = -1;
  bool is_over_ = false;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

/// A listener whose queue is full: connecting to it neither succeeds nor fails.
class DeafListener final {
 public:
  DeafListener();
  ~DeafListener();
  DeafListener(const DeafListener&) = delete;
  DeafListener& operator=(const DeafListener&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::vector<int> waiting_;
};

/// How long something took.
template <class Action>
std::chrono::milliseconds time_of(Action action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace fw::net
