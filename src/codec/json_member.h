#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

/// Members of JSON that another program wrote, read without trust: what is absent, null or of another type than is
/// asked for is as if it were not there. None of these throws, whatever the value is (nlohmann's own `value()` and
/// `operator[]` do, or worse, where a member is not what it should be).
namespace fw::codec {

/// The member; null where the value is no object or has none of this name. As long-lived as `json`.
template <class Json>
[[nodiscard]] const Json& member_of(const Json& json, const char* key) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

/// The member's elements; an empty list where it is no list.
template <class Json>
[[nodiscard]] const Json& list_at(const Json& json, const char* key) {
  static const Json kEmpty = Json::array();
  const Json& found = member_of(json, key);
  return found.is_array() ? found : kEmpty;
}

template <class Json>
[[nodiscard]] std::string text_at(const Json& json, const char* key, std::string otherwise = "") {
  const Json& found = member_of(json, key);
  return found.is_string() ? found.template get<std::string>() : otherwise;
}

/// A count: a whole number from 0 on.
template <class Json>
[[nodiscard]] std::uint64_t count_at(const Json& json, const char* key) {
  const Json& found = member_of(json, key);
  return found.is_number_unsigned() ? found.template get<std::uint64_t>() : 0;
}

template <class Json>
[[nodiscard]] bool flag_at(const Json& json, const char* key) {
  const Json& found = member_of(json, key);
  return found.is_boolean() && found.template get<bool>();
}

}  // namespace fw::codec
