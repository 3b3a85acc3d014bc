#include "capture/otlp/impl/telemetry.h"

#include <algorithm>

namespace fw::capture::otlp {

const Json* Attributes::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &std::pair<std::string, Json>::first);
  return found == entries_.end() || found->second.is_null() ? nullptr : &found->second;
}

const Json* Attributes::find_any(std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names) {
    if (const Json* value = find(name)) return value;
  }
  return nullptr;
}

std::string Attributes::text(std::string_view name) const {
  const Json* value = find(name);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  return value->is_number() ? value->dump() : "";
}

bool Attributes::has_prefix(std::string_view prefix) const {
  return std::ranges::any_of(entries_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

}  // namespace fw::capture::otlp
