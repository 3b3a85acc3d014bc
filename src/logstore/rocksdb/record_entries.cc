#include "logstore/rocksdb/impl/record_entries.h"

#include "logstore/rocksdb/impl/big_endian.h"
#include "logstore/rocksdb/impl/outline_bytes.h"
#include "logstore/rocksdb/impl/provenance_bytes.h"

namespace fw::logstore::layout {
namespace {

constexpr std::string_view letter_of(Index index) {
  switch (index) {
    case Index::kTime: return "t";
    case Index::kWorkload: return "w";
    case Index::kClient: return "c";
  }
  return {};
}

}  // namespace

std::string Pieces::joined() const {
  std::size_t bytes = 0;
  for (const std::string_view piece : all()) bytes += piece.size();
  std::string out;
  out.reserve(bytes);
  for (const std::string_view piece : all()) out.append(piece);
  return out;
}

RecordEntries::RecordEntries(const record::WorkloadId& workload, const record::ClientId& client, Timestamp time,
                             const record::RecordId& id, const Kind& kind)
    : pair_(record_prefix(workload, client)),
      workload_(std::string_view(pair_).substr(0, workload->size() + 1)),
      client_(std::string_view(pair_).substr(workload->size() + 1)),
      id_(*id) {
  append_time(time_, time);
  append_kind(kind_, kind);
}

Pieces RecordEntries::index_key(Index index) const {
  const std::string_view name = index == Index::kWorkload ? workload_ : client_;
  return Pieces(letter_of(index), index == Index::kTime ? std::string_view() : name, time_, id_);
}

Pieces RecordEntries::index_value(Index index) const {
  return Pieces(index == Index::kWorkload ? std::string_view() : workload_,
                index == Index::kClient ? std::string_view() : client_);
}

RecordValue::RecordValue(const record::Interaction& record) : fields_(provenance_bytes(record.provenance)) {
  if (record.outline) {
    head_.push_back(kOutline);
    head_ += outline_bytes(*record.outline);
    return;
  }
  request_ = record.request;
  response_ = record.response;
  head_.push_back(fields_.empty() ? kContentAlone : kContentAndProvenance);
  append_big_endian(head_, request_.size(), 4);
  if (!fields_.empty()) append_big_endian(head_, response_.size(), 4);
}

}  // namespace fw::logstore::layout
