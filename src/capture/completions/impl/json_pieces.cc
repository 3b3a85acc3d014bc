#include "capture/completions/impl/json_pieces.h"

#include <algorithm>
#include <string>

namespace fw::capture {
namespace {

constexpr std::size_t kKeptBytes = std::size_t{1} << 20;  // buffers for longer events are given back

struct Scratch {
  ondemand::parser parser;
  std::string buffer;
};

Scratch& scratch_for(std::size_t size) {
  thread_local std::unique_ptr<Scratch> scratch;
  const bool is_wasteful = scratch && scratch->buffer.size() > kKeptBytes && size < kKeptBytes / 2;
  if (!scratch || is_wasteful) scratch = std::make_unique<Scratch>();
  return *scratch;
}

simdjson::simdjson_result<ondemand::document> parsed(std::string_view json) {
  Scratch& scratch = scratch_for(json.size());
  const std::size_t needed = json.size() + simdjson::SIMDJSON_PADDING;
  if (scratch.buffer.size() < needed) scratch.buffer.resize(needed);
  json.copy(scratch.buffer.data(), json.size());
  // The parser looks at what stands behind a broken text; the rest of another event is not to matter.
  std::fill_n(scratch.buffer.begin() + static_cast<std::ptrdiff_t>(json.size()), simdjson::SIMDJSON_PADDING, ' ');
  return scratch.parser.iterate(scratch.buffer.data(), json.size(), scratch.buffer.size());
}

}  // namespace

ParsedEvent::ParsedEvent(std::string_view json) : document_(parsed(json)) {}

std::optional<ondemand::object> ParsedEvent::object() {
  ondemand::object object;
  if (document_.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
  return object;
}

std::optional<std::string_view> raw_of(ondemand::value value) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS || is_null(value)) return std::nullopt;
  std::string_view raw;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    if (object.raw_json().get(raw) != simdjson::SUCCESS) return std::nullopt;
  } else if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return std::nullopt;
    if (array.raw_json().get(raw) != simdjson::SUCCESS) return std::nullopt;
  } else {
    raw = value.raw_json_token();
  }
  return raw.substr(0, raw.find_last_not_of(" \t\r\n") + 1);
}

std::optional<std::string_view> whole_of(ondemand::value value) {
  const auto raw = raw_of(value);
  if (!raw || !is_whole_json(*raw)) return std::nullopt;
  return raw;
}

}  // namespace fw::capture
