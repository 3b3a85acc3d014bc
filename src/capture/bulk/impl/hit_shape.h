#pragma once

#include <string>
#include <vector>

#include "capture/bulk/impl/query.h"
#include "capture/bulk/impl/source_filter.h"

namespace fw::capture::elastic {

/// `fields` or `docvalue_fields` of a search: values of a hit beside its `_source`, each a list. `fields` reaches into
/// request and response, whose values come from the document; `docvalue_fields` knows what is indexed alone. A value.
class FieldList final {
 public:
  enum class Of : std::uint8_t { kFields, kDocValues };
  static constexpr std::size_t kMost = 100;

  /// A list of names, patterns, and `{"field", "format", "include_unmapped"}`. kInvalidArgument.
  [[nodiscard]] Status add(const Json& list, Of of);
  [[nodiscard]] bool is_empty() const { return wanted_.empty(); }
  /// `,"fields":{...}`; nothing where the record has none of them.
  void append(const record::Interaction& record, std::string_view whole_index, std::string& out) const;

 private:
  struct Wanted {
    std::string name;    // or a pattern
    std::string format;  // of times
    bool has_content = false;
  };
  [[nodiscard]] Status add_one(const Json& one, Of of);

  std::vector<Wanted> wanted_;
  bool reads_content_ = false;
};

/// What a hit shows. A value.
struct HitShape {
  SourceFilter source;
  FieldList fields;
  bool shows_version = false;
  bool shows_sequence = false;

  /// `stored_fields` of a search: nothing is stored but the source, which has to be named then.
  [[nodiscard]] Status read_stored_fields(const Json& names, bool names_source);
};

/// A time in milliseconds in one of the formats that clients ask for; empty: ISO-8601. kInvalidArgument names another.
[[nodiscard]] Status check_time_format(const std::string& format);
[[nodiscard]] std::string formatted_time(std::int64_t ms, std::string_view format);

}  // namespace fw::capture::elastic
