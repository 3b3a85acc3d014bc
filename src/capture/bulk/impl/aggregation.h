#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/bulk/impl/query.h"

namespace fw::capture::elastic {

/// The aggregations of a search, which records are added to one by one: `terms` over workload, client, id and index,
/// `date_histogram` over the time, `value_count`, `cardinality`, `min` and `max`; terms and histograms may hold others.
/// Bounded: beyond kMaxBuckets nothing more is counted and to_json() fails. Not thread-safe.
class Aggregations final {
 public:
  static constexpr std::size_t kMaxBuckets = 65'536;
  static constexpr int kMaxDepth = 4;

  /// What one aggregation does.
  struct Definition {
    enum class Kind : std::uint8_t { kTerms, kDateHistogram, kValueCount, kCardinality, kMin, kMax };
    std::string name;
    Kind kind = Kind::kTerms;
    Field field = Field::kWorkload;
    std::size_t size = 10;
    std::size_t min_doc_count = 1;
    bool by_key = false;  ///< buckets in the order of their keys, else by their counts
    bool is_descending = true;
    std::int64_t interval_ms = 0;  ///< 0: by `calendar`
    char calendar = 'd';           ///< m, h, d, w, M, q or y
    std::string format;            ///< of times as text
    std::optional<std::pair<std::int64_t, std::int64_t>>
        bounds;  ///< milliseconds: a histogram's empty buckets go so far
    std::vector<Definition> inner;
  };

  Aggregations() = default;
  /// `aggs` of a search. kInvalidArgument names what is not known.
  [[nodiscard]] static Result<Aggregations> parse(const Json& aggs, std::string_view whole_index);

  [[nodiscard]] bool empty() const { return definitions_.empty(); }
  void add(const record::Interaction& record);
  /// kTooLarge: too many buckets. Of the empty ones between a histogram's others at most as many again are made.
  [[nodiscard]] Result<Json> to_json() const;

 private:
  struct State;
  struct Bucket;

  void add(const record::Interaction& record, const std::vector<Definition>& definitions, std::vector<State>& states);
  [[nodiscard]] static Json result_of(const Definition& definition, const State& state, std::size_t& room_for_gaps);
  [[nodiscard]] static Json results_of(const std::vector<Definition>& definitions, const std::vector<State>& states,
                                       std::size_t& room_for_gaps);
  [[nodiscard]] static Json terms_result(const Definition& definition, const State& state, std::size_t& room_for_gaps);
  [[nodiscard]] static Json histogram_result(const Definition& definition, const State& state,
                                             std::size_t& room_for_gaps);

  std::vector<Definition> definitions_;
  std::string whole_index_;
  std::shared_ptr<std::vector<State>> states_;
  std::size_t buckets_ = 0;
};

}  // namespace fw::capture::elastic
