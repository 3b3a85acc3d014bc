#include "dataset/impl/json.h"

#include <algorithm>
#include <array>
#include <vector>

namespace fw::dataset {

bool is_within_limits(std::string_view text) {
  if (text.size() > kMaxJsonBytes) return false;
  std::array<std::size_t, kMaxJsonDepth + 1> keys{};
  std::size_t depth = 0;
  std::size_t values = 0;
  std::size_t comparisons = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    switch (c) {
      case '"': in_string = true; break;
      case '{':
      case '[':
        if (++depth > kMaxJsonDepth || ++values > kMaxJsonValues) return false;
        keys[depth] = 0;
        break;
      case '}':
      case ']': depth -= depth > 0 ? 1 : 0; break;
      case ':':
        comparisons += keys[depth];
        if (++keys[depth] > kMaxObjectKeys || comparisons > kMaxKeyComparisons) return false;
        break;
      case ',':
        if (++values > kMaxJsonValues) return false;
        break;
      default: break;
    }
  }
  return true;
}

std::optional<Json> parse_json(std::string_view text) {
  if (!is_within_limits(text)) return std::nullopt;
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::string to_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string to_indented(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

const Json* member(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  for (auto it = object.begin(); it != object.end(); ++it) {
    if (it.key() == key) return it->is_null() ? nullptr : &*it;
  }
  return nullptr;
}

const std::string& string_member(const Json& object, std::string_view key) {
  static const std::string kEmpty;
  const Json* found = member(object, key);
  return found != nullptr && found->is_string() ? found->get_ref<const std::string&>() : kEmpty;
}

}  // namespace fw::dataset
