#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "async/task.h"
#include "net/url.h"

namespace fw::net {

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// Looks up hosts and remembers what it found for half a minute, and for five where a new look-up fails: a name server
/// that stumbles is no reason to lose an upstream. From any thread; outlives its look-ups.
class Resolver final {
 public:
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The addresses of a host, IPv6 and IPv4 in turn. A slow name server does not hold the caller beyond its deadline or
  /// stop.
  [[nodiscard]] Task<Result<Endpoints>> resolve(std::string host, std::uint16_t port, Deadline deadline);

 private:
  struct Known {
    Endpoints endpoints;
    Instant since{};
  };
  [[nodiscard]] std::optional<Known> find(const std::string& key);
  void remember(const std::string& key, const Endpoints& endpoints);

  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

/// A socket, of `events`' context, connected to the first of the addresses that answers: each next one is tried when
/// the one before has failed or been silent for a quarter of a second (RFC 8305), so that one dead address costs
/// little. The error of the last try, or of the deadline; awaited on a serial executor.
[[nodiscard]] Task<Result<boost::asio::ip::tcp::socket>> connect_first(Executor events, Endpoints endpoints,
                                                                       std::string origin, Deadline deadline);

/// Which v6 and v4 addresses take turns, beginning with the family that the system names first.
[[nodiscard]] Endpoints interleaved(const Endpoints& endpoints);

}  // namespace fw::net
