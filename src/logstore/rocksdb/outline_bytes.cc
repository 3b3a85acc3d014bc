#include "logstore/rocksdb/impl/outline_bytes.h"

#include <array>
#include <optional>

#include "logstore/rocksdb/impl/fields.h"

namespace fw::logstore::layout {
namespace {

using record::Outline;

constexpr char kExpired = 'x';
constexpr char kError = 'i';
constexpr char kCalled = 'z';
constexpr int kNumberBytes = 8;

struct NumberField {
  char letter;
  std::uint64_t Outline::* number;
};
constexpr std::array<NumberField, 4> kNumbers{{{'q', &Outline::request_bytes},
                                               {'w', &Outline::response_bytes},
                                               {'n', &Outline::messages},
                                               {'u', &Outline::tools_offered}}};
struct CountField {
  char letter;
  std::optional<std::uint64_t> Outline::* count;
};
constexpr std::array<CountField, 3> kCounts{
    {{'p', &Outline::prompt_tokens}, {'y', &Outline::completion_tokens}, {'j', &Outline::cached_tokens}}};

struct TextField {
  char letter;
  std::string Outline::* text;
};
constexpr std::array<TextField, 2> kTexts{{{'l', &Outline::label}, {'h', &Outline::finish_reason}}};

bool is_number(char letter) {
  for (const NumberField& field : kNumbers) {
    if (field.letter == letter) return true;
  }
  for (const CountField& field : kCounts) {
    if (field.letter == letter) return true;
  }
  return letter == kExpired;
}

void set_number(char letter, std::uint64_t value, Outline& into, bool& has_time) {
  if (letter == kExpired) {
    into.expired = Timestamp(Duration(static_cast<std::int64_t>(value)));
    has_time = true;
  }
  for (const NumberField& field : kNumbers) {
    if (field.letter == letter) into.*field.number = value;
  }
  for (const CountField& field : kCounts) {
    if (field.letter == letter) into.*field.count = value;
  }
}

}  // namespace

std::string outline_bytes(const Outline& outline) {
  std::string out;
  append_number(out, kExpired, static_cast<std::uint64_t>(outline.expired.time_since_epoch().count()), kNumberBytes);
  for (const NumberField& field : kNumbers) {
    if (outline.*field.number != 0) append_number(out, field.letter, outline.*field.number, kNumberBytes);
  }
  for (const CountField& field : kCounts) {
    if (const auto& count = outline.*field.count) append_number(out, field.letter, *count, kNumberBytes);
  }
  for (const TextField& field : kTexts) {
    if (const std::string& text = outline.*field.text; !text.empty()) append_field(out, field.letter, text);
  }
  if (outline.is_error) append_field(out, kError, "");
  for (const std::string& name : outline.called) append_field(out, kCalled, name);
  return out;
}

Result<Outline> parse_outline(std::string_view bytes) {
  Outline outline;
  bool has_time = false;
  FW_TRY(for_each_field(bytes, [&](char letter, std::string_view value) -> Status {
    if (is_number(letter)) {
      if (value.size() != kNumberBytes) return damaged_fields();
      set_number(letter, parse_big_endian(value), outline, has_time);
    }
    for (const TextField& field : kTexts) {
      if (field.letter == letter) outline.*field.text = std::string(value);
    }
    if (letter == kError) outline.is_error = true;
    if (letter == kCalled) outline.called.emplace_back(value);
    return {};
  }));
  if (!has_time) return damaged_fields();
  return outline;
}

}  // namespace fw::logstore::layout
