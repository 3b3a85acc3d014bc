#include "capture/formats/impl/provenance_json.h"

#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <optional>

#include "record/provenance_names.h"

namespace fw::capture {
namespace {

using codec::JsonKind;
using codec::JsonMember;
using record::Provenance;
using Json = nlohmann::ordered_json;
using std::chrono::microseconds;

struct TextKey {
  std::string_view key;
  std::string Provenance::* text;
};
constexpr std::array<TextKey, 6> kTexts{{{"model_asked", &Provenance::model_asked},
                                         {"model_answered", &Provenance::model_answered},
                                         {"route", &Provenance::route},
                                         {"variant", &Provenance::variant},
                                         {"conversation", &Provenance::conversation},
                                         {"key", &Provenance::key}}};

struct TimeKey {
  std::string_view key;
  std::optional<microseconds> Provenance::* time;
};
constexpr std::array<TimeKey, 2> kTimes{
    {{"first_token_us", &Provenance::first_token}, {"total_us", &Provenance::total}}};

constexpr std::int64_t kLongest = std::int64_t{1} << 53;  // what every reader of JSON can hold

constexpr std::int64_t kLastSecond = 9'000'000'000;  // that 64 bits of nanoseconds hold

struct NumberKey {
  std::string_view key;
  std::uint64_t record::Outline::* number;
};
constexpr std::array<NumberKey, 4> kNumbers{{{"request_bytes", &record::Outline::request_bytes},
                                             {"response_bytes", &record::Outline::response_bytes},
                                             {"messages", &record::Outline::messages},
                                             {"tools_offered", &record::Outline::tools_offered}}};
struct CountKey {
  std::string_view key;
  std::optional<std::uint64_t> record::Outline::* count;
};
constexpr std::array<CountKey, 3> kCounts{{{"prompt_tokens", &record::Outline::prompt_tokens},
                                           {"completion_tokens", &record::Outline::completion_tokens},
                                           {"cached_tokens", &record::Outline::cached_tokens}}};

std::string text_in(const JsonMember& value, codec::JsonSlicer& slicer) {
  return value.kind == JsonKind::kString ? slicer.string(value.raw).value_or("") : "";
}

/// A whole number from 0 to `most`.
template <std::integral Int>
std::optional<Int> number_in(const JsonMember& value, Int most) {
  Int number = 0;
  const char* end = value.raw.data() + value.raw.size();
  const auto [at, error] = std::from_chars(value.raw.data(), end, number);
  if (value.kind != JsonKind::kNumber || error != std::errc() || at != end || number < 0 || number > most) return {};
  return number;
}

Status read_tags(const JsonMember& value, codec::JsonSlicer& slicer, Provenance& into) {
  const Error wrong = invalid_argument("flywheel.tags is not a list of strings");
  if (value.kind != JsonKind::kArray) return wrong;
  const auto elements = slicer.elements(value.raw);
  if (!elements.ok()) return wrong;
  for (const std::string_view element : *elements) {
    auto text = slicer.string(element);
    if (!text.ok()) return wrong;
    const auto split = text->find('=');
    const bool has_value = split != std::string::npos;
    into.tags.push_back({text->substr(0, split), has_value ? text->substr(split + 1) : std::string()});
  }
  return {};
}

/// What is not what it should be is as if it were absent: nothing but figures depends on it.
void read_outline_key(const JsonMember& value, codec::JsonSlicer& slicer, record::Outline& into) {
  for (const NumberKey& one : kNumbers) {
    if (value.key == one.key) into.*one.number = number_in<std::uint64_t>(value, kLongest).value_or(0);
  }
  for (const CountKey& one : kCounts) {
    if (value.key == one.key) into.*one.count = number_in<std::uint64_t>(value, kLongest);
  }
  if (value.key == "class") into.label = text_in(value, slicer);
  if (value.key == "finish_reason") into.finish_reason = text_in(value, slicer);
  if (value.key == "is_error") into.is_error = value.kind == JsonKind::kBool && value.raw == "true";
  if (value.key != "called" || value.kind != JsonKind::kArray) return;
  const auto names = slicer.elements(value.raw);
  if (!names.ok()) return;
  for (const std::string_view name : *names) {
    if (auto text = slicer.string(name); text.ok()) into.called.push_back(std::move(text).value());
  }
}

/// `outline` comes behind `content_expired`, or means nothing.
Status read_expiry(const JsonMember& value, codec::JsonSlicer& slicer, Draft& draft) {
  if (value.key == "content_expired") {
    const auto seconds = number_in(value, kLastSecond);
    if (!seconds) return invalid_argument("flywheel.content_expired is not a time in whole seconds");
    draft.outline.emplace().expired = from_epoch_seconds(*seconds);
  }
  if (value.key != "outline" || !draft.outline || value.kind != JsonKind::kObject) return {};
  const auto members = slicer.members(value.raw);
  if (!members.ok()) return invalid_argument("flywheel.outline is not an object");
  for (const JsonMember& member : *members) read_outline_key(member, slicer, *draft.outline);
  return {};
}

Json outline_json(const record::Outline& outline) {
  Json out = Json::object();
  for (const NumberKey& one : kNumbers) out[one.key] = outline.*one.number;
  for (const CountKey& one : kCounts) {
    if (const auto& count = outline.*one.count) out[one.key] = *count;
  }
  if (!outline.label.empty()) out["class"] = outline.label;
  if (!outline.called.empty()) out["called"] = outline.called;
  if (!outline.finish_reason.empty()) out["finish_reason"] = outline.finish_reason;
  if (outline.is_error) out["is_error"] = true;
  return out;
}

Status read_key(const JsonMember& value, codec::JsonSlicer& slicer, Draft& draft) {
  Provenance& into = draft.provenance;
  for (const TextKey& one : kTexts) {
    if (value.key != one.key) continue;
    if (value.kind != JsonKind::kString) return invalid_argument("flywheel." + value.key + " is not a string");
    into.*one.text = text_in(value, slicer);
  }
  for (const TimeKey& one : kTimes) {
    if (value.key != one.key) continue;
    const auto count = number_in(value, kLongest);
    if (!count) return invalid_argument("flywheel." + value.key + " is not a whole number of microseconds");
    into.*one.time = microseconds(*count);
  }
  if (value.key == "nanoseconds") {
    const auto rest = number_in<std::int64_t>(value, 999'999'999);
    if (!rest) return invalid_argument("flywheel.nanoseconds is not a whole number below a second");
    if (draft.timestamp) *draft.timestamp += std::chrono::nanoseconds(*rest);
  }
  FW_TRY(read_expiry(value, slicer, draft));
  if (value.key == "request") draft.request = text_in(value, slicer);
  if (value.key == "response") draft.response = text_in(value, slicer);
  if (value.key == "id") draft.record_id = text_in(value, slicer);
  if (value.key == "tags") return read_tags(value, slicer, into);
  if (value.key == "http_status") {
    into.http_status = number_in<std::uint16_t>(value, 999);
    if (!into.http_status) return invalid_argument("flywheel.http_status is not a status");
  }
  if (value.key == "origin") {
    draft.origin = record::parse_origin(text_in(value, slicer));
    if (!draft.origin) return invalid_argument("flywheel.origin is not file, upload, gateway, bulk or otlp");
  }
  if (value.key == "ending") {
    const auto ending = record::parse_ending(text_in(value, slicer));
    if (!ending) {
      return invalid_argument(
          "flywheel.ending is not finished, client_gone, upstream_died, refused or arguments_incomplete");
    }
    into.ending = *ending;
  }
  return {};
}

}  // namespace

Status read_provenance(const JsonMember& said, codec::JsonSlicer& slicer, Draft& draft) {
  const Error wrong = invalid_argument("flywheel is not an object");
  if (said.kind != JsonKind::kObject) return wrong;
  const auto members = slicer.members(said.raw);
  if (!members.ok()) return wrong;
  for (const JsonMember& member : *members) {
    if (member.kind != JsonKind::kNull) FW_TRY(read_key(member, slicer, draft));
  }
  return {};
}

Json provenance_json(const record::Interaction& record) {
  const Provenance& said = record.provenance;
  Json out{{"id", *record.id}, {"origin", to_string(said.origin)}, {"ending", to_string(said.ending)}};
  if (said.http_status) out["http_status"] = *said.http_status;
  for (const TimeKey& one : kTimes) {
    if (const auto& time = said.*one.time) out[one.key] = time->count();
  }
  for (const TextKey& one : kTexts) {
    if (const auto& text = said.*one.text; !text.empty()) out[one.key] = text;
  }
  for (const record::Tag& tag : said.tags) {
    out["tags"].push_back(tag.value.empty() ? tag.name : tag.name + '=' + tag.value);
  }
  if (record.outline) {
    out["content_expired"] = to_epoch_seconds(record.outline->expired);
    out["outline"] = outline_json(*record.outline);
  }
  return out;
}

}  // namespace fw::capture
