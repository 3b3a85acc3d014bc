#include "logstore/rocksdb/impl/log_salvage.h"

#include <algorithm>
#include <utility>

namespace fw::logstore {
namespace {

void append(Operations& to, const Operations& more) {
  to.count += more.count;
  to.bytes += more.bytes;
}

Operations whole_operations(const BrokenEntries& broken) {
  Operations found;
  if (broken.beginning.size() > kBatchHeader) {
    append(found, leading_operations(std::string_view(broken.beginning).substr(kBatchHeader)));
  }
  for (const std::string& run : broken.later_runs) append(found, operations_from_a_record_on(run));
  return found;
}

}  // namespace

SalvagedLog LogSalvage::take(std::string_view log) {
  SalvagedLog out;
  read_log(
      log, [&](std::string_view batch) { take_whole(batch, out); },
      [&](const BrokenEntries& broken) { take_broken(broken, out); });
  if (next_) put_found(*next_, UINT64_MAX, out);
  found_ = {};  // no batch of this log to put it in front of
  return out;
}

void LogSalvage::take_whole(std::string_view batch, SalvagedLog& out) {
  const auto header = batch_header(batch);
  if (!header) {
    is_gap_open_ = true;
    return;
  }
  const std::uint64_t before = header->sequence - std::min<std::uint64_t>(header->sequence, found_.count);
  if (std::exchange(is_gap_open_, false)) {
    const std::uint64_t first = next_.value_or(before);
    lost_ += header->sequence > first ? header->sequence - first : 1;
    lost_ -= std::min<std::uint64_t>(put_found(first, header->sequence, out), lost_);
  }
  append_entry(out.log, batch);
  ++out.batches;
  next_ = header->sequence + header->count;
}

void LogSalvage::take_broken(const BrokenEntries& broken, SalvagedLog& out) {
  out.damaged.push_back({broken.at, broken.bytes});
  is_gap_open_ = true;
  if (const auto header = batch_header(broken.beginning); header && !next_) next_ = header->sequence;
  append(found_, whole_operations(broken));
}

std::uint32_t LogSalvage::put_found(std::uint64_t first, std::uint64_t end, SalvagedLog& out) {
  const Operations found = std::exchange(found_, {});
  if (found.count == 0 || end - first < found.count) return 0;
  append_entry(out.log, make_batch(first, found));
  out.changes += found.count;
  next_ = first + found.count;
  return found.count;
}

}  // namespace fw::logstore
