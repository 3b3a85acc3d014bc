#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "logstore/elasticsearch/documents.h"
#include "logstore/log_store.h"
#include "net/tls.h"

namespace fw::logstore {

struct ElasticsearchOptions {
  std::vector<std::string> urls;   ///< of nodes of one cluster; the next is asked when one does not answer
  std::string index = "flywheel";  ///< an index, an alias, or a pattern (which can be read alone)
  std::string authorization;       ///< value of the Authorization header (`ApiKey ...`, `Basic ...`); none when empty
  net::ClientTls tls;
  Duration request_timeout = std::chrono::seconds(60);
  Duration retry_for = std::chrono::seconds(20);  ///< how long one call tries nodes that are away, full or starting
};

/// A log store in an index of Elasticsearch (8 and 9) or OpenSearch: the blueprint's index and mapping, filled by the
/// blueprint, by shippers or by us. Nothing is asked until the first call; an index that is missing is made then.
///
/// What of LogStore's contract is different here:
/// - Requests and responses must be JSON objects, and are byte for byte again. Documents that hold none are left out
///   and logged; those without a time that can be read, or without names, are counted by left_out().
/// - A record's id is the document's `_id`. Where several indexes under one name hold an `_id`, each document is a
///   record: that of the first index by name is known by the `_id`, the others as `_id@index`.
/// - Reads see what this object appended before, and what others did after the index's refresh interval.
/// - Times of documents that others wrote are exact to the millisecond; records of one time are ordered by id.
/// - Durable as the index's translog says: `request`, the default, syncs before it acknowledges; `async` is warned of.
/// - append() may leave a part in, and tells records as known that an attempt before its answer was lost had stored.
/// - backup() is the cluster's own (snapshots).
///
/// Errors: kUnavailable when no node answers within `retry_for`, kUnauthorized, kStorageFull (an index that the cluster
/// made read-only because its disks are full), kFailedPrecondition (a mapping that is none of log documents),
/// kInvalidArgument (a document that the index refuses, with its reason).
[[nodiscard]] Result<std::unique_ptr<LogStore>> open_elasticsearch_log_store(
    ElasticsearchOptions options, std::shared_ptr<const Documents> documents);

}  // namespace fw::logstore
