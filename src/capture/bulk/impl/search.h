#pragma once

#include "capture/bulk/bulk_api.h"
#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/indices.h"
#include "capture/bulk/impl/scrolls.h"
#include "capture/bulk/impl/search_request.h"

namespace fw::capture::elastic {

/// The reads: searches, scrolls, points in time, documents by id; and what is deleted by a query. Any thread. Memory is
/// bounded: hits by kMostHitBytes, aggregations by their buckets, scrolls by their number; points in time hold nothing.
class Search final {
 public:
  static constexpr std::size_t kMostHitBytes = std::size_t{256} << 20;  ///< of one answer

  Search(const BulkApiDependencies& dependencies, Indices& indices)
      : dependencies_(dependencies), indices_(indices), scrolls_(dependencies.clock) {}

  [[nodiscard]] Task<Answer> search(Call call);
  /// `_msearch`: pairs of lines, each a search; one that fails is an error of its answer.
  [[nodiscard]] Task<Answer> multi_search(Call call);
  [[nodiscard]] Task<Answer> count(Call call);
  [[nodiscard]] Task<Answer> scroll(Call call);
  [[nodiscard]] Task<Answer> clear_scroll(Call call);
  /// Elasticsearch's `/{index}/_pit` and OpenSearch's `/{index}/_search/point_in_time`.
  [[nodiscard]] Task<Answer> open_point_in_time(Call call);
  [[nodiscard]] Task<Answer> close_point_in_time(Call call);
  [[nodiscard]] Task<Answer> multi_get(Call call);
  [[nodiscard]] Task<Answer> get_document(Call call);
  [[nodiscard]] Task<Answer> get_source(Call call);
  [[nodiscard]] Task<Answer> delete_document(Call call);
  [[nodiscard]] Task<Answer> delete_by_query(Call call);
  [[nodiscard]] Task<Answer> cat_indices(Call call);
  [[nodiscard]] Task<Answer> cat_count(Call call);
  /// `_stats`, of documents alone: what an index takes of the disk is not known by index.
  [[nodiscard]] Task<Answer> stats(Call call);

 private:
  [[nodiscard]] Query::Context context() const { return {indices_.whole(), dependencies_.clock.now()}; }
  /// An endpoint's work that reads the store; 429 where too much waits for the pool's threads. An exception's place is
  /// taken by the caller.
  [[nodiscard]] Task<Answer> on_search_pool(std::function<Answer()> work);
  [[nodiscard]] Answer run_search(const Call& call);
  [[nodiscard]] Answer run_searches(const Call& call);
  /// One document of a `_mget`, as JSON.
  [[nodiscard]] Result<std::string> get_one(const Call& call, const Json& doc, const SourceFilter& otherwise) const;
  /// The indexes that a call names; kNotFound, unless it says that those that are missing do not matter.
  [[nodiscard]] Result<std::vector<std::string>> names_of(const Call& call, const std::string& expression) const;
  [[nodiscard]] Answer begin_scroll(const Call& call, SearchRequest request, const std::string& body);
  /// The next page of a scroll that is open.
  [[nodiscard]] Answer next_page(const std::string& id, Duration keep_alive);

  const BulkApiDependencies& dependencies_;
  Indices& indices_;
  Scrolls scrolls_;
};

}  // namespace fw::capture::elastic
