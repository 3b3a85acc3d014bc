#include "logstore/rocksdb/impl/layout.h"

#include <algorithm>

#include "base/assert.h"
#include "logstore/rocksdb/impl/big_endian.h"
#include "logstore/rocksdb/impl/outline_bytes.h"
#include "logstore/rocksdb/impl/provenance_bytes.h"
#include "logstore/rocksdb/impl/record_entries.h"

namespace fw::logstore::layout {
namespace {

constexpr char kEnd = '\0';               // ends a name inside a key
constexpr std::size_t kStretchBytes = 2;  // of a time: 2^48 ns
constexpr std::size_t kTimeBytes = 8;

Error damaged(std::string_view what) {
  return data_loss("the log store holds a damaged " + std::string(what) + "; restore its folder from a backup");
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

Status check_name(std::string_view what, std::string_view name, std::size_t limit) {
  if (name.empty()) return invalid_argument(std::string(what) + " of a record is empty");
  if (name.size() > limit) {
    return invalid_argument(std::string(what) + " of a record has " + std::to_string(name.size()) + " bytes; at most " +
                            std::to_string(limit) + " are allowed");
  }
  if (std::ranges::any_of(name, is_control)) {
    return invalid_argument(std::string(what) + " of a record holds a control character");
  }
  return {};
}

/// Takes the parts of a key off its front.
class Parts {
 public:
  explicit Parts(std::string_view bytes) : rest_(bytes) {}

  bool name(std::string& out) {
    const auto end = rest_.find(kEnd);
    if (end == std::string_view::npos || end == 0) return false;
    out.assign(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return true;
  }
  bool time(Timestamp& out) {
    if (rest_.size() < kTimeBytes) return false;
    out = parse_time(rest_.substr(0, kTimeBytes));
    rest_.remove_prefix(kTimeBytes);
    return true;
  }
  /// The default kind at the end, else two bytes.
  bool kind(Kind& out) {
    if (rest_.empty()) return true;
    if (rest_.size() != 2) return false;
    const auto origin = static_cast<std::uint8_t>(rest_[0]);
    const auto ending = static_cast<std::uint8_t>(rest_[1]);
    out = {static_cast<record::Origin>(origin), static_cast<record::Ending>(ending)};
    rest_ = {};
    return origin <= static_cast<std::uint8_t>(record::Origin::kOtlp) &&
           ending <= static_cast<std::uint8_t>(record::Ending::kArgumentsIncomplete);
  }
  bool id(std::string& out) {
    out.assign(rest_);
    rest_ = {};
    return !out.empty() && out.size() <= kMaxRecordIdBytes;
  }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Names {
  std::string workload;
  std::string client;
  std::string id;
};

Location located(Names names, Timestamp time) {
  return {record::WorkloadId::from_stored(std::move(names.workload)),
          record::ClientId::from_stored(std::move(names.client)), time,
          record::RecordId::from_stored(std::move(names.id))};
}

RecordEntries entries_of(const Location& location, const Kind& kind = {}) {
  return {location.workload, location.client, location.time, location.id, kind};
}

}  // namespace

Status check_record(const record::Interaction& record) {
  FW_TRY(check_name("the id", *record.id, kMaxRecordIdBytes));
  FW_TRY(check_name("the workload id", *record.workload, kMaxNameBytes));
  FW_TRY(check_name("the client id", *record.client, kMaxNameBytes));
  if (record.request.size() + record.response.size() > kMaxContentBytes) {
    return too_large("request and response of record " + *record.id + " have more than " +
                     std::to_string(kMaxContentBytes >> 20) + " MiB");
  }
  return {};
}

bool is_name(std::string_view name) { return check_name("the name", name, kMaxNameBytes).ok(); }

void append_time(std::string& key, Timestamp time) {
  // The sign bit flipped: times before 1970 come first.
  const auto count = static_cast<std::uint64_t>(time.time_since_epoch().count());
  append_big_endian(key, count ^ (1ULL << 63), static_cast<int>(kTimeBytes));
}

Timestamp parse_time(std::string_view eight_bytes) {
  FW_ASSERT(eight_bytes.size() == kTimeBytes);
  const auto count = static_cast<std::int64_t>(parse_big_endian(eight_bytes) ^ (1ULL << 63));
  return Timestamp(std::chrono::nanoseconds(count));
}

void append_kind(std::string& out, const Kind& kind) {
  if (kind == Kind{}) return;
  out.push_back(static_cast<char>(kind.origin));
  out.push_back(static_cast<char>(kind.ending));
}

std::string past_prefix(std::string prefix) {
  FW_ASSERT(!prefix.empty() && prefix.back() != '\xff');
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

std::string record_prefix(const record::WorkloadId& workload, const record::ClientId& client) {
  std::string prefix;
  prefix.reserve(workload->size() + client->size() + 2);
  prefix.append(*workload).push_back(kEnd);
  prefix.append(*client).push_back(kEnd);
  return prefix;
}

std::string record_key(const Location& location) { return entries_of(location).record_key().joined(); }

Result<Location> parse_record_key(std::string_view key) {
  Parts parts(key);
  Names names;
  Timestamp time;
  if (!parts.name(names.workload) || !parts.name(names.client) || !parts.time(time) || !parts.id(names.id)) {
    return damaged("record key");
  }
  return located(std::move(names), time);
}

std::string record_value(const record::Interaction& record) { return RecordValue(record).pieces().joined(); }

bool is_outline(std::string_view value) { return value.starts_with(kOutline); }

Status parse_record_value(std::string_view value, record::Interaction& record) {
  const char form = value.empty() ? '\0' : value.front();
  record.outline.reset();
  if (form == kOutline) {
    record.request.clear();
    record.response.clear();
    FW_ASSIGN(record.outline, parse_outline(value.substr(1)));
    FW_ASSIGN(record.provenance, parse_provenance(value.substr(1)));
    return {};
  }
  const std::size_t head = form == kContentAlone ? 5 : 9;
  if ((form != kContentAlone && form != kContentAndProvenance) || value.size() < head) return damaged("record");
  const std::uint64_t request = parse_big_endian(value.substr(1, 4));
  const std::string_view content = value.substr(head);
  if (request > content.size()) return damaged("record");
  const std::uint64_t response =
      form == kContentAlone ? content.size() - request : parse_big_endian(value.substr(5, 4));
  if (response > content.size() - request) return damaged("record");
  record.request.assign(content.substr(0, request));
  record.response.assign(content.substr(request, response));
  FW_ASSIGN(record.provenance, parse_provenance(content.substr(request + response)));
  return {};
}

std::string index_prefix(Index index, std::string_view name) {
  std::string prefix(1, static_cast<char>(index));
  if (index != Index::kTime) prefix.append(name).push_back(kEnd);
  return prefix;
}

std::string index_key(Index index, const Location& location) { return entries_of(location).index_key(index).joined(); }

std::string index_value(Index index, const Location& location) {
  return entries_of(location).index_value(index).joined();
}

Result<Location> parse_index_entry(std::string_view key, std::string_view value) {
  if (key.empty()) return damaged("index entry");
  const auto index = static_cast<Index>(key.front());
  Parts from_key(key.substr(1));
  Parts from_value(value);
  Names names;
  Timestamp time;
  const bool is_whole = (index == Index::kWorkload ? from_key : from_value).name(names.workload) &&
                        (index == Index::kClient ? from_key : from_value).name(names.client) && from_key.time(time) &&
                        from_key.id(names.id) && from_value.is_at_end();
  if (!is_whole) return damaged("index entry");
  return located(std::move(names), time);
}

std::string id_value(const Location& location, const Kind& kind) {
  return entries_of(location, kind).id_value().joined();
}

Result<LocatedKind> parse_id_value(const record::RecordId& id, std::string_view value) {
  Parts parts(value);
  Names names{.workload = {}, .client = {}, .id = *id};
  Timestamp time;
  Kind kind;
  if (!parts.name(names.workload) || !parts.name(names.client) || !parts.time(time) || !parts.kind(kind)) {
    return damaged("id entry");
  }
  return LocatedKind{located(std::move(names), time), kind};
}

std::string count_key(const record::WorkloadId& workload, const record::ClientId& client) {
  return std::string(kCountPrefix) + record_prefix(workload, client);
}

Result<CountedPair> parse_count_key(std::string_view key) {
  if (!key.starts_with(kCountPrefix)) return damaged("count");
  Parts parts(key.substr(kCountPrefix.size()));
  Names names;
  if (!parts.name(names.workload) || !parts.name(names.client) || !parts.is_at_end()) return damaged("count");
  return CountedPair{record::WorkloadId::from_stored(std::move(names.workload)),
                     record::ClientId::from_stored(std::move(names.client))};
}

std::string kind_count_key(const record::WorkloadId& workload, const record::ClientId& client, const Kind& kind) {
  std::string key = std::string(kKindCountPrefix) + record_prefix(workload, client);
  append_kind(key, kind);
  return key;
}

Result<CountedKind> parse_kind_count_key(std::string_view key) {
  if (!key.starts_with(kKindCountPrefix)) return damaged("count");
  Parts parts(key.substr(kKindCountPrefix.size()));
  Names names;
  Kind kind;
  if (!parts.name(names.workload) || !parts.name(names.client) || !parts.kind(kind)) return damaged("count");
  return CountedKind{{record::WorkloadId::from_stored(std::move(names.workload)),
                      record::ClientId::from_stored(std::move(names.client))},
                     kind};
}

std::string stretch_of(const Location& location) {
  std::string key = record_prefix(location.workload, location.client);
  const std::size_t prefix = key.size();
  append_time(key, location.time);
  key.resize(prefix + kStretchBytes);
  return key;
}

std::string past_stretch(std::string stretch) {
  for (auto last = stretch.rbegin(); last != stretch.rend(); ++last) {
    if (*last == '\xff') {
      *last = '\0';
      continue;
    }
    *last = static_cast<char>(static_cast<unsigned char>(*last) + 1);
    break;  // the zero byte before the time takes what is over
  }
  return stretch;
}

std::string count_value(std::int64_t count) {
  std::string value;
  append_big_endian(value, static_cast<std::uint64_t>(count), 8);
  return value;
}

std::optional<std::int64_t> parse_count_value(std::string_view value) {
  if (value.size() != 8) return std::nullopt;
  return static_cast<std::int64_t>(parse_big_endian(value));
}

}  // namespace fw::logstore::layout
