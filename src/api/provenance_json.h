#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "record/provenance.h"

namespace fw::api {

/// `file`, `gateway`, ...; `finished`, `client_gone`, ...: the names of docs/formats/traffic.md.
[[nodiscard]] std::string_view name_of(record::Origin origin);
[[nodiscard]] std::string_view name_of(record::Ending ending);
[[nodiscard]] std::optional<record::Origin> origin_of(std::string_view name);
[[nodiscard]] std::optional<record::Ending> ending_of(std::string_view name);

/// What is known of an interaction beside its bytes; null for what is not.
[[nodiscard]] nlohmann::ordered_json provenance_json(const record::Provenance& known);

}  // namespace fw::api
