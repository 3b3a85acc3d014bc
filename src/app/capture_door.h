#pragma once

#include <string_view>

#include "app/config/face_section.h"
#include "net/server.h"

/// What the listeners of the ways in have in common.
namespace fw::app {

[[nodiscard]] net::ServerOptions door_options(std::string_view name, const FaceSettings& settings);

/// Begins to listen. A port that is taken does not end the service, unlike the control API's: the door stays shut,
/// which is logged and stands in `/readyz`.
[[nodiscard]] Status open_door(net::Server& server, std::string_view name);

}  // namespace fw::app
