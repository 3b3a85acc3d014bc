#include "logstore/rocksdb/impl/provenance_bytes.h"

#include <array>
#include <chrono>
#include <optional>

#include "logstore/rocksdb/impl/fields.h"
#include "record/provenance_names.h"

namespace fw::logstore::layout {
namespace {

using record::Provenance;

struct TextField {
  char letter;
  std::string Provenance::* text;
};
constexpr std::array<TextField, 6> kTexts{{{'a', &Provenance::model_asked},
                                           {'m', &Provenance::model_answered},
                                           {'r', &Provenance::route},
                                           {'v', &Provenance::variant},
                                           {'c', &Provenance::conversation},
                                           {'k', &Provenance::key}}};

constexpr std::size_t kUsualBytes = 120;

void append_time(std::string& out, char letter, const std::optional<std::chrono::microseconds>& time) {
  if (time) append_number(out, letter, static_cast<std::uint64_t>(time->count()), 8);
}

std::chrono::microseconds time_of(std::string_view bytes) {
  return std::chrono::microseconds(static_cast<std::int64_t>(parse_big_endian(bytes)));
}

Status read_tag(std::string_view bytes, Provenance& into) {
  if (bytes.size() < kSizeBytes) return damaged_fields();
  const std::uint64_t name = parse_big_endian(bytes.substr(0, kSizeBytes));
  bytes.remove_prefix(kSizeBytes);
  if (name > bytes.size()) return damaged_fields();
  into.tags.push_back({std::string(bytes.substr(0, name)), std::string(bytes.substr(name))});
  return {};
}

/// A number of one byte that stands for one of `last` + 1 values.
template <class Enum>
Status read_enum(std::string_view bytes, Enum last, Enum& into) {
  if (bytes.size() != 1 || static_cast<std::uint8_t>(bytes.front()) > static_cast<std::uint8_t>(last))
    return damaged_fields();
  into = static_cast<Enum>(bytes.front());
  return {};
}

Status read_field(char letter, std::string_view bytes, Provenance& into) {
  for (const TextField& field : kTexts) {
    if (field.letter == letter) into.*field.text = std::string(bytes);
  }
  switch (letter) {
    case 'o': return read_enum(bytes, record::Origin::kOtlp, into.origin);
    case 'e': return read_enum(bytes, record::Ending::kArgumentsIncomplete, into.ending);
    case 's':
      if (bytes.size() != 2) return damaged_fields();
      into.http_status = static_cast<std::uint16_t>(parse_big_endian(bytes));
      return {};
    case 'f':
    case 'd':
      if (bytes.size() != 8) return damaged_fields();
      (letter == 'f' ? into.first_token : into.total) = time_of(bytes);
      return {};
    case 't': return read_tag(bytes, into);
    default: return {};
  }
}

}  // namespace

std::string provenance_bytes(const Provenance& provenance) {
  static const Provenance nothing;
  std::string out;
  out.reserve(kUsualBytes);
  if (provenance.origin != nothing.origin) append_number(out, 'o', static_cast<std::uint64_t>(provenance.origin), 1);
  if (provenance.ending != nothing.ending) append_number(out, 'e', static_cast<std::uint64_t>(provenance.ending), 1);
  if (provenance.http_status) append_number(out, 's', *provenance.http_status, 2);
  append_time(out, 'f', provenance.first_token);
  append_time(out, 'd', provenance.total);
  for (const TextField& field : kTexts) {
    if (const std::string& text = provenance.*field.text; !text.empty()) append_field(out, field.letter, text);
  }
  for (const record::Tag& tag : provenance.tags) {
    std::string bytes;
    append_big_endian(bytes, tag.name.size(), kSizeBytes);
    append_field(out, 't', bytes + tag.name + tag.value);
  }
  return out;
}

Result<Provenance> parse_provenance(std::string_view bytes) {
  Provenance provenance;
  FW_TRY(for_each_field(bytes,
                        [&](char letter, std::string_view value) { return read_field(letter, value, provenance); }));
  return provenance;
}

}  // namespace fw::logstore::layout
