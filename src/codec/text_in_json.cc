#include "codec/text_in_json.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace fw::codec {

using simdjson::dom::element;

struct TextInJson::Impl {
  [[nodiscard]] bool has(std::string_view text) const { return text.find(value) != text.npos; }
  [[nodiscard]] bool is_within(element json) const {
    using simdjson::dom::element_type;
    switch (json.type()) {
      case element_type::STRING: return has(std::string_view(json));
      case element_type::ARRAY:
        return std::ranges::any_of(simdjson::dom::array(json), [&](element item) { return is_within(item); });
      case element_type::OBJECT:
        return std::ranges::any_of(simdjson::dom::object(json),
                                   [&](const auto field) { return has(field.key) || is_within(field.value); });
      case element_type::INT64:
      case element_type::UINT64: return has(simdjson::minify(json));
      default: return false;
    }
  }

  std::string value;
  simdjson::dom::parser parser;
};

TextInJson::TextInJson(std::string value) : impl_(std::make_unique<Impl>(std::move(value))) {}
TextInJson::~TextInJson() = default;
TextInJson::TextInJson(TextInJson&&) noexcept = default;
TextInJson& TextInJson::operator=(TextInJson&&) noexcept = default;

bool TextInJson::is_in(std::string_view json) {
  element document;
  if (impl_->parser.parse(json.data(), json.size()).get(document) != simdjson::SUCCESS) return impl_->has(json);
  return impl_->is_within(document);
}

}  // namespace fw::codec
