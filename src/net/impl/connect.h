#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "async/task.h"
#include "net/url.h"

namespace fw::net {

/// The addresses of a host. A slow name server does not hold the caller beyond its deadline or stop.
[[nodiscard]] Task<Result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                                                Deadline deadline);

}  // namespace fw::net
