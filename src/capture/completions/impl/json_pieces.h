#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "capture/completions/impl/escaped.h"

/// Values of an event, as views into it. Each consumes what it is given.
namespace fw::capture {

namespace ondemand = simdjson::ondemand;

/// A parsed event; good until the next one is parsed on the same thread. Parser and buffer are kept a thread, not a
/// stream: ten thousand streams may be open at once. None when the text is no JSON object.
class ParsedEvent final {
 public:
  explicit ParsedEvent(std::string_view json);
  [[nodiscard]] std::optional<ondemand::object> object();

 private:
  simdjson::simdjson_result<ondemand::document> document_;
};

/// The inside of a string with right escapes; none for other values.
[[nodiscard]] inline std::optional<std::string_view> inside_of(ondemand::value value) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS || type != ondemand::json_type::string) return std::nullopt;
  std::string_view token = value.raw_json_token();  // up to the next token
  token = token.substr(1, token.rfind('"') - 1);
  if (!has_valid_escapes(token)) return std::nullopt;
  return token;
}

[[nodiscard]] inline bool is_null(ondemand::value value) {
  bool out = false;
  return value.is_null().get(out) == simdjson::SUCCESS && out;
}

/// The very bytes of a value; null and what is no value are none.
[[nodiscard]] std::optional<std::string_view> raw_of(ondemand::value value);

/// raw_of(), where it can be kept as it stands (is_whole_json()).
[[nodiscard]] std::optional<std::string_view> whole_of(ondemand::value value);

[[nodiscard]] inline std::optional<std::int64_t> integer_of(ondemand::value value) {
  std::int64_t out = 0;
  if (value.get_int64().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

/// Calls `take(key, value)` for the members of an object; false when it ends in what is no JSON.
template <class Take>
bool for_each_member(ondemand::object object, Take take) {
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS) {
      return false;
    }
    take(key, value);
  }
  return true;
}

/// Calls `take(object)` for the elements that are objects.
template <class Take>
bool for_each_object(ondemand::value list, Take take) {
  ondemand::array array;
  if (list.get_array().get(array) != simdjson::SUCCESS) return false;
  for (auto element : array) {
    ondemand::value value;
    ondemand::object object;
    if (element.get(value) != simdjson::SUCCESS) return false;
    if (value.get_object().get(object) == simdjson::SUCCESS) take(object);
  }
  return true;
}

}  // namespace fw::capture
