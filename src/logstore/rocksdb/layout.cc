#include "logstore/rocksdb/impl/layout.h"

#include <algorithm>

#include "base/assert.h"

namespace fw::logstore::layout {
namespace {

constexpr char kEnd = '\0';  // ends a name inside a key
constexpr char kContentForm = 1;
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

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t parse_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
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
  append_big_endian(key, count ^ (1ULL << 63), kTimeBytes);
}

Timestamp parse_time(std::string_view eight_bytes) {
  FW_ASSERT(eight_bytes.size() == kTimeBytes);
  const auto count = static_cast<std::int64_t>(parse_big_endian(eight_bytes) ^ (1ULL << 63));
  return Timestamp(std::chrono::nanoseconds(count));
}

std::string past_prefix(std::string prefix) {
  FW_ASSERT(!prefix.empty() && prefix.back() != '\xff');
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

std::string record_prefix(const record::WorkloadId& workload, const record::ClientId& client) {
  return *workload + kEnd + *client + kEnd;
}

std::string record_key(const Location& location) {
  std::string key = record_prefix(location.workload, location.client);
  append_time(key, location.time);
  return key + *location.id;
}

Result<Location> parse_record_key(std::string_view key) {
  Parts parts(key);
  Names names;
  Timestamp time;
  if (!parts.name(names.workload) || !parts.name(names.client) || !parts.time(time) || !parts.id(names.id)) {
    return damaged("record key");
  }
  return located(std::move(names), time);
}

std::string record_value(const record::Interaction& record) {
  std::string value;
  value.reserve(1 + 4 + record.request.size() + record.response.size());
  value.push_back(kContentForm);
  append_big_endian(value, record.request.size(), 4);
  value.append(record.request).append(record.response);
  return value;
}

Status parse_record_value(std::string_view value, record::Interaction& record) {
  if (value.size() < 5 || value[0] != kContentForm) return damaged("record");
  const std::uint64_t request = parse_big_endian(value.substr(1, 4));
  value.remove_prefix(5);
  if (request > value.size()) return damaged("record");
  record.request.assign(value.substr(0, request));
  record.response.assign(value.substr(request));
  return {};
}

std::string index_prefix(Index index, std::string_view name) {
  std::string prefix(1, static_cast<char>(index));
  if (index != Index::kTime) prefix.append(name).push_back(kEnd);
  return prefix;
}

std::string index_key(Index index, const Location& location) {
  std::string key = index_prefix(index, index == Index::kWorkload ? *location.workload : *location.client);
  append_time(key, location.time);
  return key + *location.id;
}

std::string index_value(Index index, const Location& location) {
  std::string value;
  if (index != Index::kWorkload) value.append(*location.workload).push_back(kEnd);
  if (index != Index::kClient) value.append(*location.client).push_back(kEnd);
  return value;
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

std::string id_value(const Location& location) {
  std::string value = record_prefix(location.workload, location.client);
  append_time(value, location.time);
  return value;
}

Result<Location> parse_id_value(const record::RecordId& id, std::string_view value) {
  Parts parts(value);
  Names names{.workload = {}, .client = {}, .id = *id};
  Timestamp time;
  if (!parts.name(names.workload) || !parts.name(names.client) || !parts.time(time) || !parts.is_at_end()) {
    return damaged("id entry");
  }
  return located(std::move(names), time);
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
