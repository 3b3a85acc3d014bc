#include "logstore/rocksdb/impl/scan.h"

#include "logstore/rocksdb/impl/errors.h"

namespace fw::logstore {
namespace {

std::optional<layout::Index> index_for(const Selection& selection, Scan::Wanted wanted) {
  // The keys of `records` lie among their contents: a walk over them reads all blocks.
  if (selection.workload && selection.client && wanted == Scan::Wanted::kRecords) return std::nullopt;
  if (selection.workload) return layout::Index::kWorkload;
  if (selection.client) return layout::Index::kClient;
  return layout::Index::kTime;
}

/// Names that no record can have must not be put into keys: the zero byte in one would end it there.
bool can_match(const Selection& selection) {
  return (!selection.workload || layout::is_name(**selection.workload)) &&
         (!selection.client || layout::is_name(**selection.client));
}

std::string prefix_for(const Selection& selection, std::optional<layout::Index> index) {
  if (!index) return layout::record_prefix(*selection.workload, *selection.client);
  const std::string name = selection.workload ? **selection.workload : selection.client ? **selection.client : "";
  return layout::index_prefix(*index, name);
}

std::string at(std::string prefix, Timestamp time) {
  layout::append_time(prefix, time);
  return prefix;
}

}  // namespace

Scan::Scan(Database& database, const rocksdb::Snapshot* snapshot, const Selection& selection, Order order,
           const std::optional<Position>& after, Wanted wanted)
    : database_(database), index_(index_for(selection, wanted)), order_(order) {
  if (index_ == layout::Index::kWorkload) only_client_ = selection.client;
  const std::string prefix = prefix_for(selection, index_);
  lower_ = selection.from ? at(prefix, *selection.from) : prefix;
  upper_ = selection.to ? at(prefix, *selection.to) : layout::past_prefix(prefix);
  if (after) {
    const std::string last = at(prefix, after->time) + *after->id;
    if (order == Order::kOldestFirst) {
      lower_ = std::max(lower_, last + '\0');  // the very next key
    } else {
      upper_ = std::min(upper_, last);
    }
  }
  lower_slice_ = lower_;
  upper_slice_ = upper_;
  point_.snapshot = snapshot;
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.iterate_lower_bound = &lower_slice_;
  options.iterate_upper_bound = &upper_slice_;
  if (!can_match(selection) || lower_ >= upper_) {
    iterator_.reset(rocksdb::NewEmptyIterator());
    return;
  }
  iterator_.reset(database.db().NewIterator(options, index_ ? database.times() : database.records()));
  if (order == Order::kOldestFirst) {
    iterator_->SeekToFirst();
  } else {
    iterator_->SeekToLast();
  }
}

void Scan::next() {
  if (order_ == Order::kOldestFirst) {
    iterator_->Next();
  } else {
    iterator_->Prev();
  }
}

Result<layout::Location> Scan::location() const {
  const auto key = iterator_->key().ToStringView();
  return index_ ? layout::parse_index_entry(key, iterator_->value().ToStringView()) : layout::parse_record_key(key);
}

Result<record::Interaction> Scan::record() const {
  FW_ASSIGN(auto location, this->location());
  rocksdb::PinnableSlice found;
  rocksdb::Slice value;
  if (index_) {
    const auto status = database_.db().Get(point_, database_.records(), layout::record_key(location), &found);
    if (status.IsNotFound()) {
      return data_loss("the log store " + database_.folder().string() +
                       " has an index entry without its record; restore the folder from a backup");
    }
    if (!status.ok()) return store_error("read", database_.folder(), status);
    value = found;
  } else {
    value = iterator_->value();
  }
  record::Interaction record;
  FW_TRY(layout::parse_record_value(value.ToStringView(), record));
  record.id = std::move(location.id);
  record.workload = std::move(location.workload);
  record.client = std::move(location.client);
  record.timestamp = location.time;
  return record;
}

}  // namespace fw::logstore
