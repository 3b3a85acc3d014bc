#pragma once

#include <string_view>

#include "base/result.h"
#include "capture/otlp/impl/telemetry.h"

namespace fw::capture::otlp {

/// Bodies of OTLP's export requests, protobuf (opentelemetry-proto 1.x) or its JSON. Unknown fields are passed over.
/// Take any bytes; kInvalidArgument says what is wrong. Values may be nested 32 deep; what is deeper is null.
[[nodiscard]] Result<std::vector<Span>> decode_traces(std::string_view protobuf);
[[nodiscard]] Result<std::vector<LogRecord>> decode_logs(std::string_view protobuf);
[[nodiscard]] Result<std::vector<Span>> decode_traces_json(std::string_view text);
[[nodiscard]] Result<std::vector<LogRecord>> decode_logs_json(std::string_view text);

/// A nanosecond time of the wire; what a Timestamp cannot hold is its last moment.
[[nodiscard]] Timestamp time_of_nanoseconds(std::uint64_t nanoseconds);

inline constexpr int kMaxValueDepth = 32;
inline constexpr std::size_t kMaxMapEntries = 1024;  // adding one looks at all others

}  // namespace fw::capture::otlp
