#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.h"

namespace fw::runs {

/// null for what is absent.
template <class T>
nlohmann::json optional_json(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

template <class T>
std::optional<T> optional_field(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

/// Parses text that this program wrote and hands it to `read`; what does not fit is kDataLoss.
template <class T, class Read>
Result<T> read_own_json(std::string_view text, const std::string& what, Read read) {
  try {
    return read(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception& e) {
    return data_loss(what + " in the metadata store is damaged (" + e.what() + "); delete the job and run it again");
  }
}

/// JSON text; bytes that are no UTF-8 become U+FFFD.
inline std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace fw::runs
