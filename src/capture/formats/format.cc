#include "capture/formats/format.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "capture/timestamp.h"

namespace fw::capture {
namespace {

using codec::JsonKind;
using codec::JsonMember;

/// The digits or the text within `{"$date": {"$numberLong": "..."}}`; "" when there are none.
std::string text_of_extended_json(std::string_view raw) {
  nlohmann::json value = nlohmann::json::parse(raw, nullptr, false);
  for (int depth = 0; depth < 3 && value.is_object() && value.size() == 1; ++depth) {
    nlohmann::json inner = value.begin().value();
    value = std::move(inner);
  }
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : "";
}

}  // namespace

const JsonMember* Document::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &JsonMember::key);
  return found == members.end() || found->kind == JsonKind::kNull ? nullptr : &*found;
}

Result<std::string> text_of(const JsonMember& value, codec::JsonSlicer& slicer) {
  if (value.kind == JsonKind::kNumber) return std::string(value.raw);
  if (value.kind != JsonKind::kString) return invalid_argument("not a string");
  return slicer.string(value.raw);
}

Result<Timestamp> time_of(const JsonMember& value, codec::JsonSlicer& slicer) {
  const bool is_extended = value.kind == JsonKind::kObject && value.raw.find("\"$") != std::string_view::npos;
  const auto text = is_extended ? Result<std::string>(text_of_extended_json(value.raw)) : text_of(value, slicer);
  const auto time = text.ok() ? parse_timestamp(*text) : std::nullopt;
  if (!time) return invalid_argument("timestamp is not epoch seconds or ISO-8601 between 1970 and 2262");
  return *time;
}

bool is_text(const JsonMember* value, std::string_view text, codec::JsonSlicer& slicer) {
  return value != nullptr && value->kind == JsonKind::kString && slicer.string(value->raw).value_or("") == text;
}

}  // namespace fw::capture
