#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/face_section.h"
#include "net/server.h"

/// What the listeners of the ways in have in common.
namespace fw::app {

[[nodiscard]] net::ServerOptions door_options(std::string_view name, const FaceSettings& settings);

/// Begins to listen. A port that is taken does not end the service, unlike the control API's: the door stays shut,
/// which is logged and stands in `/readyz`.
[[nodiscard]] Status open_door(net::Server& server, std::string_view name);

using Outcomes = std::vector<std::pair<std::string_view, std::uint64_t>>;
/// One counter with a line for each outcome, in the text format of metrics.
void write_outcomes(std::ostream& out, std::string_view name, std::string_view help, const Outcomes& outcomes);
void write_gauge(std::ostream& out, std::string_view name, std::string_view help, std::uint64_t value);

}  // namespace fw::app
