#include "codec/json_slicer.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/assert.h"

namespace fw::codec {
namespace {

constexpr std::size_t kKeptBytes = 4ULL << 20;  // buffers for longer texts are given back

/// Walks over a text that is known to be JSON. Finds where values end and nothing else: strings, most of the bytes of
/// traffic, are passed at the speed of memchr.
class Walker {
 public:
  explicit Walker(std::string_view json) : json_(json) {}

  [[nodiscard]] char peek() {
    while (is_space(json_[at_])) ++at_;
    return json_[at_];
  }
  void skip() {
    (void)peek();
    ++at_;
  }
  /// The bytes of the value that comes next.
  std::string_view value() {
    const char first = peek();
    const std::size_t begin = at_;
    if (first == '"') {
      pass_string();
    } else if (first == '{' || first == '[') {
      pass_nested();
    } else {
      while (at_ < json_.size() && !is_end_of_scalar(json_[at_])) ++at_;
    }
    return json_.substr(begin, at_ - begin);
  }
  /// How deep objects and arrays were nested in the values passed so far.
  [[nodiscard]] std::size_t deepest() const { return deepest_; }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool is_end_of_scalar(char c) { return c == ',' || c == '}' || c == ']' || is_space(c); }

  void pass_string() {
    while (true) {
      at_ = json_.find('"', at_ + 1);
      std::size_t escapes = 0;
      while (json_[at_ - 1 - escapes] == '\\') ++escapes;
      if (escapes % 2 == 0) break;
    }
    ++at_;
  }
  void pass_nested() {
    std::size_t depth = 0;
    do {
      const char c = json_[at_];
      if (c == '"') {
        pass_string();
        continue;
      }
      if (c == '{' || c == '[') deepest_ = std::max(deepest_, ++depth);
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0);
  }

  std::string_view json_;
  std::size_t at_ = 0;
  std::size_t deepest_ = 0;
};

std::size_t depth_of(std::string_view json) {
  Walker walker(json);
  (void)walker.value();
  return walker.deepest();
}

Error too_deep() { return too_large("JSON nested too deeply"); }

Error json_error(simdjson::error_code code) {
  switch (code) {
    case simdjson::EMPTY: return invalid_argument("not JSON: empty");
    case simdjson::UTF8_ERROR: return invalid_argument("not valid UTF-8");
    case simdjson::DEPTH_ERROR: return too_deep();
    case simdjson::STRING_ERROR:
      return invalid_argument("not valid JSON: a string with a wrong escape or a lone surrogate");
    case simdjson::UNESCAPED_CHARS: return invalid_argument("not valid JSON: a control character in a string");
    case simdjson::UNCLOSED_STRING: return invalid_argument("not valid JSON: a string without its end");
    case simdjson::NUMBER_ERROR: return invalid_argument("not valid JSON: a number that is malformed or too large");
    case simdjson::MEMALLOC: return resource_exhausted("out of memory while reading JSON");
    default: return invalid_argument("not valid JSON");
  }
}

JsonKind kind_of(char first) {
  switch (first) {
    case '{': return JsonKind::kObject;
    case '[': return JsonKind::kArray;
    case '"': return JsonKind::kString;
    case 't':
    case 'f': return JsonKind::kBool;
    case 'n': return JsonKind::kNull;
    default: return JsonKind::kNumber;
  }
}

bool has_repeated_key(const std::vector<JsonMember>& members) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const JsonMember& member : members) keys.push_back(member.key);
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

}  // namespace

struct JsonSlicer::Impl {
  explicit Impl(const JsonLimits& l) : limits(l) { reset(); }

  void reset() {
    parser = std::make_unique<simdjson::dom::parser>();
    (void)parser->allocate(0, limits.depth);
    buffer.clear();
    buffer.shrink_to_fit();
  }

  /// Copies the text to where simdjson may read past its end, and checks all of it. `root` is none where only the slow
  /// parser could read the text.
  Status check(std::string_view text, std::optional<simdjson::dom::element>* root = nullptr);
  Result<std::string> unescaped(std::string_view raw_string);

  JsonLimits limits;
  std::unique_ptr<simdjson::dom::parser> parser;
  std::string buffer;
};

Status JsonSlicer::Impl::check(std::string_view text, std::optional<simdjson::dom::element>* root) {
  if (text.size() > limits.bytes) return too_large("JSON longer than the limit");
  if (buffer.size() > kKeptBytes && text.size() <= kKeptBytes / 2) reset();
  if (buffer.size() < text.size() + simdjson::SIMDJSON_PADDING) buffer.resize(text.size() + simdjson::SIMDJSON_PADDING);
  text.copy(buffer.data(), text.size());
  std::memset(buffer.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  simdjson::dom::element element;
  const simdjson::error_code code = parser->parse(buffer.data(), text.size(), false).get(element);
  if (code == simdjson::SUCCESS) {
    if (root != nullptr) *root = element;
    return {};
  }
  // simdjson refuses integers beyond 64 bits, which JSON allows and schemas contain; the slow parser has the last word.
  if (code != simdjson::NUMBER_ERROR || !nlohmann::json::accept(text)) return json_error(code);
  return depth_of(text) > limits.depth ? Status(too_deep()) : Status();
}

Result<std::string> JsonSlicer::Impl::unescaped(std::string_view raw_string) {
  const std::string_view within = raw_string.substr(1, raw_string.size() - 2);
  if (within.find('\\') == std::string_view::npos) return std::string(within);
  std::optional<simdjson::dom::element> root;
  FW_TRY(check(raw_string, &root));
  std::string_view value;
  FW_ASSERT(root && !root->get(value));
  return std::string(value);
}

JsonSlicer::JsonSlicer(const JsonLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
JsonSlicer::~JsonSlicer() = default;

Result<std::vector<JsonMember>> JsonSlicer::members(std::string_view text) {
  FW_TRY(impl_->check(text));
  Walker walker(text);
  if (walker.peek() != '{') return invalid_argument("not a JSON object");
  walker.skip();
  std::vector<JsonMember> members;
  while (walker.peek() != '}') {
    if (walker.peek() == ',') walker.skip();
    if (members.size() == impl_->limits.elements) return too_large("a JSON object with too many members");
    const std::string_view key = walker.value();
    walker.skip();  // the colon
    const std::string_view raw = walker.value();
    FW_ASSIGN(std::string name, impl_->unescaped(key));
    members.push_back({std::move(name), kind_of(raw.front()), raw});
  }
  if (has_repeated_key(members)) return invalid_argument("a JSON object with a key twice");
  return members;
}

Result<std::vector<std::string_view>> JsonSlicer::elements(std::string_view text) {
  FW_TRY(impl_->check(text));
  Walker walker(text);
  if (walker.peek() != '[') return invalid_argument("not a JSON array");
  walker.skip();
  std::vector<std::string_view> elements;
  while (walker.peek() != ']') {
    if (walker.peek() == ',') walker.skip();
    if (elements.size() == impl_->limits.elements) return too_large("a JSON array with too many elements");
    elements.push_back(walker.value());
  }
  return elements;
}

Result<std::string> JsonSlicer::string(std::string_view text) {
  FW_TRY(impl_->check(text));
  Walker walker(text);
  if (walker.peek() != '"') return invalid_argument("not a JSON string");
  return impl_->unescaped(walker.value());
}

}  // namespace fw::codec
