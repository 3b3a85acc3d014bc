#pragma once

#include <string>

#include "base/error.h"
#include "net/http.h"

namespace fw::capture::otlp {

/// OTLP's answers, in the encoding of the request. Statuses are those that exporters try again on (429, 503) or give up
/// on (400, 413, 415); never 500.
enum class Encoding : std::uint8_t { kProtobuf, kJson };
enum class Signal : std::uint8_t { kTraces, kLogs };

/// All is taken but `rejected` items, for the reason given.
[[nodiscard]] net::Response accepted(Encoding encoding, Signal signal, std::uint64_t rejected, const std::string& why);
/// A google.rpc.Status.
[[nodiscard]] net::Response refused(Encoding encoding, const Error& error);
/// The same of a status out of 401, 403, 429, 503.
[[nodiscard]] net::Response refused(Encoding encoding, int status, const std::string& message);
[[nodiscard]] net::Response unsupported_media_type();

}  // namespace fw::capture::otlp
