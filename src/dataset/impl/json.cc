#include "dataset/impl/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "codec/utf8.h"

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

/// Below, no object has kMaxObjectKeys (each takes five bytes), nor does anything else reach its limit but the depth.
constexpr std::size_t kTooShortForLimits = 5 * kMaxObjectKeys;
constexpr std::size_t kMostKeptBytes = 1u << 20;  // of a thread's parser

/// As Json::parse() would have it: of equal keys the first one's place and the last one's value.
Json value_of(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::OBJECT: {
      const simdjson::dom::object members(element);
      Json value = Json::object();
      auto& object = value.get_ref<Json::object_t&>();
      object.reserve(members.size());
      for (const auto field : members) object[std::string(field.key)] = value_of(field.value);
      return value;
    }
    case element_type::ARRAY: {
      const simdjson::dom::array items(element);
      Json value = Json::array();
      auto& array = value.get_ref<Json::array_t&>();
      array.reserve(items.size());
      for (const auto item : items) array.push_back(value_of(item));
      return value;
    }
    case element_type::STRING: return std::string(std::string_view(element));
    case element_type::INT64: {
      const std::int64_t number(element);
      return number < 0 ? Json(number) : Json(static_cast<std::uint64_t>(number));
    }
    case element_type::UINT64: return std::uint64_t(element);
    case element_type::DOUBLE: return double(element);
    case element_type::BOOL: return bool(element);
    case element_type::NULL_VALUE: break;
  }
  return nullptr;
}

/// What simdjson reads of it, which is three times as fast; nothing where it does not, or perhaps otherwise.
std::optional<Json> parse_fast(std::string_view text) {
  if (has_lone_surrogate(text)) return std::nullopt;
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element element;
  std::optional<Json> value;
  if (parser.parse(text.data(), text.size()).get(element) == simdjson::SUCCESS) value = value_of(element);
  if (parser.capacity() > kMostKeptBytes) parser = simdjson::dom::parser();
  return value;
}

std::string dumped(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

void append_quoted(std::string_view text, std::string& line) {
  static constexpr std::string_view kNamed = "\"\\\b\f\n\r\t";
  static constexpr std::string_view kNames = "\"\\bfnrt";
  static constexpr std::string_view kDigits = "0123456789abcdef";
  line += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    line += text.substr(begin, i - begin);
    begin = i + 1;
    line += '\\';
    if (const auto name = kNamed.find(c); name != std::string_view::npos) {
      line += kNames[name];
    } else {
      line += {'u', '0', '0', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[static_cast<unsigned char>(c) & 15]};
    }
  }
  line += text.substr(begin);
  line += '"';
}

/// Bytes that are no UTF-8 are replaced.
void append_text(const std::string& text, std::string& line) {
  if (codec::is_valid_utf8(text)) {
    append_quoted(text, line);
  } else {
    line += dumped(text);
  }
}

/// Byte for byte what dump() writes, which looks at every byte of a text by itself.
void append_line(const Json& value, std::string& line) {
  char between = value.is_object() ? '{' : '[';
  if (value.is_object()) {
    for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
      line += std::exchange(between, ',');
      append_text(key, line);
      line += ':';
      append_line(member, line);
    }
    line += value.empty() ? "{}" : "}";
  } else if (value.is_array()) {
    for (const Json& item : value.get_ref<const Json::array_t&>()) {
      line += std::exchange(between, ',');
      append_line(item, line);
    }
    line += value.empty() ? "[]" : "]";
  } else if (value.is_string()) {
    append_text(value.get_ref<const std::string&>(), line);
  } else {
    line += dumped(value);
  }
}

}  // namespace

bool is_within_limits(std::string_view text) {
  if (text.size() > kMaxJsonBytes) return false;
  if (text.size() < kTooShortForLimits &&
      std::ranges::count(text, '{') + std::ranges::count(text, '[') <= std::ptrdiff_t{kMaxJsonDepth}) {
    return true;
  }
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

bool has_lone_surrogate(std::string_view text) {
  const auto is_half = [&](std::size_t at, std::string_view digits) {
    return at + 4 <= text.size() && text[at] == '\\' && text[at + 1] == 'u' && (text[at + 2] | 0x20) == 'd' &&
           digits.find(static_cast<char>(text[at + 3] | 0x20)) != std::string_view::npos;
  };
  for (auto at = text.find("\\u"); at != std::string_view::npos; at = text.find("\\u", at)) {
    if (is_half(at, "89ab")) {
      if (!is_half(at + 6, "cdef")) return true;
      at += 12;
    } else if (is_half(at, "cdef")) {
      return true;
    } else {
      at += 2;
    }
  }
  return false;
}

std::optional<Json> parse_json(std::string_view text) {
  if (!is_within_limits(text)) return std::nullopt;
  if (auto value = parse_fast(text)) return value;
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::string to_line(const Json& value) {
  std::string line;
  append_line(value, line);
  return line;
}
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
