#include "dataset/impl/json.h"

#include <algorithm>
#include <array>
#include <vector>

namespace fw::dataset {
namespace {

/// Place of the quote that ends the string whose text begins at `begin`; the text's size where none does.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  for (std::size_t quote = text.find('"', begin); quote != text.npos; quote = text.find('"', quote + 1)) {
    std::size_t unescaped = quote;
    while (unescaped > begin && text[unescaped - 1] == '\\') --unescaped;
    if ((quote - unescaped) % 2 == 0) return quote;
  }
  return text.size();
}

}  // namespace

bool is_within_limits(std::string_view text) {
  if (text.size() > kMaxJsonBytes) return false;
  std::array<std::size_t, kMaxJsonDepth + 1> keys{};
  std::size_t depth = 0;
  std::size_t values = 0;
  std::size_t comparisons = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"': i = end_of_string(text, i + 1); break;
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
