#include "dataset/record_source.h"

#include <algorithm>

namespace fw::dataset {
namespace {

constexpr std::size_t kPageRecords = 1000;

}  // namespace

Status RecordsInMemory::scan(const Visit& visit) {
  for (std::size_t at = 0; at < records_.size(); at += kPageRecords) {
    FW_TRY(visit(records_.subspan(at, std::min(kPageRecords, records_.size() - at))));
  }
  return {};
}

Status RecordsInMemory::read(std::span<const record::RecordId> ids, const Visit& visit) {
  const auto id_of = [](const record::Interaction* record) -> const record::RecordId& { return record->id; };
  if (by_id_.empty()) {
    for (const auto& record : records_) by_id_.push_back(&record);
    std::ranges::sort(by_id_, {}, id_of);
  }
  for (const record::RecordId& id : ids) {
    const auto at = std::ranges::lower_bound(by_id_, id, {}, id_of);
    if (at == by_id_.end() || (*at)->id != id) return unavailable("record " + *id + " is not there");
    FW_TRY(visit(std::span(*at, 1)));
  }
  return {};
}

}  // namespace fw::dataset
