#include "capture/bulk/impl/record_search.h"

#include <algorithm>

#include "capture/bulk/impl/elastic_answer.h"
#include "capture/bulk/impl/ranked_hits.h"
#include "record/record_id.h"

namespace fw::capture::elastic {
namespace {

using logstore::Order;

constexpr std::size_t kPage = 1000;
constexpr std::size_t kGlobalId = 16;  // as record_reader.cc has it: shorter ids are unique within their index only

/// The exact count of a selection without bounds of time, which the store has at hand.
Result<std::uint64_t> known_count(logstore::LogStore& log, const logstore::Selection& selection) {
  FW_ASSIGN(const auto workloads, log.workloads());
  std::uint64_t count = 0;
  for (const auto& summary : workloads) {
    if (selection.workload && *selection.workload != summary.workload) continue;
    if (selection.client && *selection.client != summary.client) continue;
    count += summary.records;
  }
  return count;
}

bool has_known_count(const SearchScope& scope, const Query& query) {
  const auto selection = query.selection();
  return scope.holds_all() && query.is_selection() && !selection.from && !selection.to;
}

/// Calls `take` for every record that matches until it says false or the deadline is over (false then).
template <class Take>
Result<bool> for_each(logstore::LogStore& log, const SearchScope& scope, const Query& query,
                      const logstore::Selection& selection, Order order, const Deadline& deadline, Take take) {
  std::optional<logstore::Cursor> after;
  do {
    if (deadline.is_over()) return false;
    FW_ASSIGN(auto page, log.scan(selection, order, kPage, after));
    for (const record::Interaction& record : page.records) {
      if (scope.holds(record) && query.matches(record, scope.whole) && !take(record)) return true;
    }
    after = std::move(page.next);
  } while (after);
  return true;
}

}  // namespace

bool SearchScope::holds_all() const { return std::ranges::find(names, whole) != names.end(); }

bool SearchScope::holds(const record::Interaction& record) const {
  if (holds_all()) return true;
  const auto index = index_of(record, whole);
  return std::ranges::find(names, index) != names.end();
}

void append_hit(const record::Interaction& record, std::string_view whole_index, const SearchRequest& request,
                std::string& out) {
  out += R"({"_index":)" + json_string(index_of(record, whole_index)) + R"(,"_id":)" + json_string(id_of(record)) +
         R"(,"_score":null)";
  if (request.shape.shows_version) out += R"(,"_version":1)";
  if (request.shape.shows_sequence) out += R"(,"_seq_no":0,"_primary_term":1)";
  if (!request.shape.source.is_nothing()) {
    out += R"(,"_source":)";
    request.shape.source.append(record, out);
  }
  request.shape.fields.append(record, whole_index, out);
  request.sort.append(record, out);
  out += '}';
}

namespace {

/// The hits of a search as its records are met.
class Hits {
 public:
  Hits(const SearchRequest& request, std::string_view whole, std::size_t most_bytes)
      : request_(request), whole_(whole), most_bytes_(most_bytes), ranked_(request) {}

  /// False: none that the scan meets later is one.
  bool take(const record::Interaction& record) {
    if (!request_.sort.is_after(record)) return true;
    if (request_.sort.is_ranked()) return ranked_.take(record);
    if (count_ < request_.size && seen_++ >= request_.from) append(record);
    return count_ < request_.size && !is_too_large();
  }
  /// Once all have been met.
  Status finish(logstore::LogStore& log) {
    if (!request_.sort.is_ranked()) return {};
    return ranked_.for_each(log, [this](const record::Interaction& record) {
      append(record);
      return !is_too_large();
    });
  }

  [[nodiscard]] bool is_too_large() const { return text_.size() > most_bytes_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::string& text() { return text_; }

 private:
  void append(const record::Interaction& record) {
    if (count_++ > 0) text_ += ',';
    append_hit(record, whole_, request_, text_);
  }

  const SearchRequest& request_;
  const std::string_view whole_;
  const std::size_t most_bytes_;
  RankedHits ranked_;
  std::string text_;
  std::size_t count_ = 0;
  std::size_t seen_ = 0;
};

}  // namespace

Result<Found> find_records(logstore::LogStore& log, const SearchScope& scope, SearchRequest& request,
                           std::size_t most_bytes, const Deadline& deadline) {
  Found found;
  logstore::Selection selection = request.query.selection();
  const bool is_count_known = request.aggregations.empty() && has_known_count(scope, request.query);
  if (is_count_known && request.tells_total) {
    FW_ASSIGN(found.total, known_count(log, selection));
  }
  // With search_after the hits begin further on, and what is counted does not.
  const bool counts_all = !is_count_known && (request.tells_total || !request.aggregations.empty());
  logstore::Selection hits_from = selection;
  request.sort.narrow(hits_from);
  const bool is_one_pass = counts_all && !request.sort.has_after();
  Hits hits(request, scope.whole, most_bytes);
  std::uint64_t counted = 0;
  const bool wants_all = !request.aggregations.empty();
  const auto count_one = [&](const record::Interaction& record) {
    ++counted;
    request.aggregations.add(record);
    return wants_all || counted < request.count_up_to || request.count_up_to == 0;
  };
  const Order order = request.sort.order();
  if (is_one_pass) {
    FW_ASSIGN(const bool is_whole,
              for_each(log, scope, request.query, selection, order, deadline, [&](const auto& record) {
                const bool more_hits = hits.take(record);
                const bool more_count = count_one(record);
                return !hits.is_too_large() && (more_hits || more_count);
              }));
    found.is_timed_out = !is_whole;
  } else {
    if (request.size > 0) {
      FW_ASSIGN(const bool is_whole, for_each(log, scope, request.query, hits_from, order, deadline,
                                              [&](const auto& record) { return hits.take(record); }));
      found.is_timed_out = !is_whole;
    }
    if (counts_all && !hits.is_too_large()) {
      FW_ASSIGN(const bool is_whole, for_each(log, scope, request.query, selection, order, deadline, count_one));
      found.is_timed_out = found.is_timed_out || !is_whole;
    }
  }
  FW_TRY(hits.finish(log));
  if (hits.is_too_large()) {
    return too_large("the hits have more than " + std::to_string(most_bytes >> 20) + " MiB; ask for a smaller size");
  }
  found.count = hits.count();
  found.hits = std::move(hits.text());
  if (!is_count_known) found.total = counted;
  found.is_exact = !found.is_timed_out && (is_count_known || wants_all || counted < request.count_up_to);
  if (found.total > request.count_up_to && request.tells_total && request.count_up_to > 0) {
    found.total = request.count_up_to;
    found.is_exact = false;
  }
  return found;
}

Result<Found> scroll_records(logstore::LogStore& log, const SearchScope& scope, const SearchRequest& request,
                             const std::optional<logstore::Cursor>& after, std::size_t most_bytes) {
  Found found;
  found.next = after;
  do {
    // Never more than are wanted: the cursor stands behind the whole page.
    FW_ASSIGN(auto page, log.scan(request.query.selection(), request.sort.order(),
                                  std::min(kPage, request.size - found.count), found.next));
    for (const record::Interaction& record : page.records) {
      if (!scope.holds(record) || !request.query.matches(record, scope.whole)) continue;
      if (found.count++ > 0) found.hits += ',';
      append_hit(record, scope.whole, request, found.hits);
    }
    found.next = std::move(page.next);
  } while (found.next && found.count < request.size && found.hits.size() < most_bytes / 2);
  return found;
}

Result<std::uint64_t> count_records(logstore::LogStore& log, const SearchScope& scope, const Query& query,
                                    const Deadline& deadline) {
  if (has_known_count(scope, query)) return known_count(log, query.selection());
  std::uint64_t count = 0;
  FW_ASSIGN(const bool is_whole,
            for_each(log, scope, query, query.selection(), Order::kOldestFirst, deadline, [&](const auto&) {
              ++count;
              return true;
            }));
  if (!is_whole) return deadline_exceeded("counting took too long; narrow the query");
  return count;
}

Result<std::optional<record::Interaction>> find_by_id(logstore::LogStore& log, const SearchScope& scope,
                                                      std::string_view index, std::string_view id) {
  const auto fits = [&](const Result<std::optional<record::Interaction>>& found) {
    return found.ok() && *found && scope.holds(**found);
  };
  if (auto own = record::RecordId::parse(std::string(id)); own.ok()) {
    auto found = log.find(*own);
    if (!found.ok() || fits(found)) return found;
  }
  // A record's id holds its workload and client: there are few pairs of them, and a look-up each is cheap.
  std::string identity = "_id " + std::string(id);
  if (id.size() < kGlobalId) identity += ' ' + std::string(index);
  FW_ASSIGN(const auto workloads, log.workloads());
  for (const auto& pair : workloads) {
    auto found = log.find(record::content_id(pair.workload, pair.client, identity, 0));
    if (!found.ok() || fits(found)) return found;
  }
  return std::optional<record::Interaction>();
}

}  // namespace fw::capture::elastic
