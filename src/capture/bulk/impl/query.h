#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "capture/bulk/impl/json_body.h"
#include "logstore/log_store.h"

namespace fw::capture::elastic {

/// The fields of a log document that can be asked for; request and response are kept, not indexed, as in the
/// blueprint's own mapping.
enum class Field : std::uint8_t { kWorkload, kClient, kTime, kId, kIndex, kBody };

/// kInvalidArgument names a field that is none of them.
[[nodiscard]] Result<Field> parse_field(std::string_view name);

/// The text of a record's field, as queries see it: `_id` is the one it came with, or the record's own.
[[nodiscard]] std::string_view id_of(const record::Interaction& record);
[[nodiscard]] std::string_view index_of(const record::Interaction& record, std::string_view whole_index);
[[nodiscard]] std::string_view text_of(const record::Interaction& record, Field field, std::string_view whole_index);

/// A time out of a query: a number or a text as in timestamp.h (with `format` epoch_millis or epoch_second as those),
/// or date math from `now` or from a time (`now-7d/d`, `2026-11-24||+1M`). What names a day, or is rounded to one,
/// means its begin, or its last moment. kInvalidArgument.
enum class Rounding : std::uint8_t { kDown, kUp };
[[nodiscard]] Result<Timestamp> parse_time(const Json& value, std::string_view format, Timestamp now,
                                           Rounding rounding = Rounding::kDown);

/// A query of the dialect, checked and ready to be asked of records. A value.
class Query final {
 public:
  /// The index that is all traffic, and the time that `now` means.
  struct Context {
    std::string_view whole_index;
    Timestamp now;
  };
  static constexpr int kMaxDepth = 16;
  static constexpr std::size_t kMaxTerms = 65'536;

  /// Matches everything.
  Query();
  /// kInvalidArgument with what is not known or malformed; `query` is the object under `query`.
  [[nodiscard]] static Result<Query> parse(const Json& query, const Context& context);

  [[nodiscard]] bool matches(const record::Interaction& record, std::string_view whole_index) const;
  /// What matches and belongs to the part `id` of `parts`: every record belongs to one.
  [[nodiscard]] Query slice(std::uint64_t id, std::uint64_t parts) const;
  /// A selection that holds everything that matches.
  [[nodiscard]] logstore::Selection selection() const;
  /// The selection holds nothing else.
  [[nodiscard]] bool is_selection() const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace fw::capture::elastic
