#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "logstore/elasticsearch/documents.h"
#include "logstore/elasticsearch/impl/cluster.h"

namespace fw::logstore {

/// Names of the fields by which records are found, as this index maps them.
struct Fields {
  std::string workload = "workload_id";  ///< or its `.keyword` where it is a text
  std::string client = "client_id";
  std::string timestamp = "timestamp";  ///< or `@timestamp`, where there is no other
};

/// What is known of an index once it has been looked at.
struct IndexForm {
  Fields fields;
  /// How the values by which `timestamp` is sorted count time. More than one where documents differ: each then has its
  /// part of the values (values_of()).
  std::vector<Documents::Unit> units;
  Documents::Unit written = Documents::Unit::kSeconds;  ///< of documents that we add
  bool is_one = true;                                   ///< one index under a name that can be written to
  std::vector<std::string> names;                       ///< of the indexes, ascending
};

/// Which values of unknown unit count in this one: from `first` on, below `end`. As capture/timestamp.h reads numbers:
/// from 1e11 on they are milliseconds (1973 in these, and the year 5138 in seconds), from 1e14 on microseconds, from
/// 1e17 on nanoseconds.
struct ValuesOfUnit {
  std::optional<std::int64_t> first;
  std::optional<std::int64_t> end;
};
[[nodiscard]] ValuesOfUnit values_of(Documents::Unit unit);
[[nodiscard]] Documents::Unit unit_of(std::int64_t value);

/// The index of a log store: made when it is missing, looked at, then remembered for a minute. Safe from any thread.
class Index final {
 public:
  Index(Cluster& cluster, std::string name) : cluster_(cluster), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  /// `/name/rest`, encoded.
  [[nodiscard]] std::string path(std::string_view rest) const;
  [[nodiscard]] Result<IndexForm> form();

 private:
  Result<IndexForm> look();
  Status create();

  Cluster& cluster_;
  std::string name_;
  std::mutex mutex_;
  std::optional<IndexForm> form_;
  Instant looked_;
};

}  // namespace fw::logstore
