#pragma once

#include <optional>
#include <string_view>

#include "record/provenance.h"

namespace fw::record {

/// The names by which log documents, metrics and people know them: `file`, `upload`, `gateway`, `bulk`, `otlp`.
[[nodiscard]] std::string_view to_string(Origin origin);
[[nodiscard]] std::optional<Origin> parse_origin(std::string_view name);

/// `finished`, `client_gone`, `upstream_died`, `refused`, `arguments_incomplete`.
[[nodiscard]] std::string_view to_string(Ending ending);
[[nodiscard]] std::optional<Ending> parse_ending(std::string_view name);

}  // namespace fw::record
