#pragma once

namespace fw::app {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace fw::app
