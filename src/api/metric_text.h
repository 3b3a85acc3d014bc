#pragma once

#include <ostream>
#include <string_view>

namespace fw::api {

/// What stands before a metric's values in the Prometheus text format (0.0.4).
inline void metric_head(std::ostream& out, std::string_view name, std::string_view type, std::string_view help) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
}

}  // namespace fw::api
