#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "logstore/elasticsearch/impl/cluster.h"
#include "logstore/elasticsearch/impl/index.h"
#include "logstore/elasticsearch/impl/query.h"

namespace fw::logstore {

/// A record's key and the document that holds it.
struct FoundKey {
  RecordKey key;
  std::string index;
  std::string document;  ///< its `_id`: the record's id, unless an index before this one under the same name has it too
};

/// What a composite aggregation asks of each of its buckets to know the oldest and newest time of its documents,
/// whatever the units of their times.
[[nodiscard]] nlohmann::json ends_by_unit(const IndexForm& form);
/// These times; nothing where no document of the bucket has one.
[[nodiscard]] std::optional<std::pair<Timestamp, Timestamp>> ends_in(const nlohmann::json& bucket,
                                                                     const IndexForm& form);

/// Reads keys in the order of time, then id. Elasticsearch sorts by time; among documents of one time it knows no order
/// by id, so all of them are read and sorted here. Safe from any thread.
///
/// Where several indexes under one name hold documents of one `_id`, each is a record: that of the first index by name
/// has the `_id` for its id, each of the others `_id@index`.
class KeyScan final {
 public:
  KeyScan(Cluster& cluster, Index& index) : cluster_(cluster), index_(index) {}

  /// Up to `limit` keys of the selection after `after`, and whether there are more.
  struct Found {
    std::vector<FoundKey> keys;
    bool more = false;
  };
  [[nodiscard]] Result<Found> read(const Selection& selection, Order order, std::size_t limit,
                                   const std::optional<RecordKey>& after);
  /// The keys of documents with these ids; those that are not there are left out.
  [[nodiscard]] Result<std::vector<FoundKey>> with_ids(std::vector<std::string> ids);
  /// After documents were added or removed here.
  void forget_times();

  struct Page;

 private:
  struct SameTime {
    std::string query;
    Instant read;
    std::vector<FoundKey> keys;
  };
  Result<std::vector<FoundKey>> of_unit(const Selection& selection, Order order, std::size_t limit,
                                        const std::optional<RecordKey>& after, const IndexForm& form,
                                        Documents::Unit unit);
  Result<Page> beyond(const Selection& selection, Order order, std::size_t limit, const std::optional<Timestamp>& last,
                      const IndexForm& form, Documents::Unit unit);
  Result<std::vector<FoundKey>> at_time(const Selection& selection, Order order, Timestamp time, const IndexForm& form,
                                        Documents::Unit unit);
  Result<std::vector<FoundKey>> scroll(nlohmann::json query, const IndexForm& form, Documents::Unit unit);
  Result<std::vector<FoundKey>> holders_of(const std::vector<std::string>& documents, const IndexForm& form);
  Status tell_apart(std::vector<FoundKey>& keys, const IndexForm& form);

  Cluster& cluster_;
  Index& index_;
  std::mutex mutex_;
  std::optional<SameTime> same_time_;  // the last large group, since every page of it asks for it
};

}  // namespace fw::logstore
