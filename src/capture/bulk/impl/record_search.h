#pragma once

#include <functional>

#include "capture/bulk/bulk_api.h"
#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/indices.h"
#include "capture/bulk/impl/search_request.h"
#include "logstore/log_store.h"

namespace fw::capture::elastic {

/// What a search looks in: the names of its indexes, resolved. A view of both.
struct SearchScope {
  const std::vector<std::string>& names;
  std::string_view whole;

  [[nodiscard]] bool holds_all() const;
  [[nodiscard]] bool holds(const record::Interaction& record) const;
};

/// What a search found.
struct Found {
  std::string hits;  ///< of the answer: the elements of `hits.hits`
  std::size_t count = 0;
  std::uint64_t total = 0;
  bool is_exact = true;  ///< else `total` is a lower bound
  bool is_timed_out = false;
  std::optional<logstore::Cursor> next;  ///< of a scroll
};

/// Looks through the log store for a search. Plain functions that block; errors are the store's, kTooLarge when the
/// hits have too many bytes.
[[nodiscard]] Result<Found> find_records(logstore::LogStore& log, const SearchScope& scope, SearchRequest& request,
                                         std::size_t most_bytes, const Deadline& deadline);
/// The next hits of a scroll, at most `request.size`; fewer when they are large.
[[nodiscard]] Result<Found> scroll_records(logstore::LogStore& log, const SearchScope& scope,
                                           const SearchRequest& request, const std::optional<logstore::Cursor>& after,
                                           std::size_t most_bytes);
/// How many records match, all of them.
[[nodiscard]] Result<std::uint64_t> count_records(logstore::LogStore& log, const SearchScope& scope, const Query& query,
                                                  const Deadline& deadline);
/// The records of one `_id`: the one it came with, whatever workload and client it came from, or a record's own.
[[nodiscard]] Result<std::optional<record::Interaction>> find_by_id(logstore::LogStore& log, const SearchScope& scope,
                                                                    std::string_view index, std::string_view id);
/// Deletes what matches, page by page, once `note` knows how many that are; how many went. What comes in meanwhile may
/// stay. Without a match nothing is noted.
using NoteRemoval = std::function<Status(std::uint64_t records)>;
[[nodiscard]] Result<std::uint64_t> remove_records(logstore::LogStore& log, const SearchScope& scope,
                                                   const Query& query, const NoteRemoval& note,
                                                   const Deadline& deadline);
/// For a call that removes: who, from where, what.
[[nodiscard]] NoteRemoval note_of(const BulkApiDependencies& dependencies, const Call& call, std::string request);
/// A hit with all that the search asks for; appended.
void append_hit(const record::Interaction& record, std::string_view whole_index, const SearchRequest& request,
                std::string& out);

}  // namespace fw::capture::elastic
