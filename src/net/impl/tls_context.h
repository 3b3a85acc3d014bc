#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "base/result.h"
#include "net/tls.h"

namespace fw::net {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// kInvalidArgument names the file that cannot be used.
[[nodiscard]] Result<TlsContext> make_server_context(const ServerTls& tls);
[[nodiscard]] Result<TlsContext> make_client_context(const ClientTls& tls);

}  // namespace fw::net
