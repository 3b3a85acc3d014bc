#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "logstore/log_store.h"

/// The keys and values of the RocksDB form, as docs/formats/log_store.md describes them. Plain functions on bytes:
/// nothing here knows RocksDB, and every decoder takes any bytes and answers kDataLoss for those that are not ours.
namespace fw::logstore::layout {

inline constexpr std::uint32_t kFormatVersion = 3;

inline constexpr std::size_t kMaxRecordIdBytes = 128;
inline constexpr std::size_t kMaxNameBytes = 256;              ///< workload and client ids
inline constexpr std::size_t kMaxContentBytes = 256ULL << 20;  ///< request and response of one record together

/// Which record, without its content.
struct Location {
  record::WorkloadId workload;
  record::ClientId client;
  Timestamp time;
  record::RecordId id;

  friend bool operator==(const Location&, const Location&) = default;
};

/// Where in an index a scan looks: all keys that begin with `prefix` and then, time and id after it, are in the scan's
/// order.
enum class Index : char { kTime = 't', kWorkload = 'w', kClient = 'c' };

/// kInvalidArgument when the record breaks a limit above or an id is empty or holds a control character (bytes below
/// 0x20 and 0x7f): that is what lets a zero byte end a name inside a key.
[[nodiscard]] Status check_record(const record::Interaction& record);

/// Whether a record can have this workload or client id.
[[nodiscard]] bool is_name(std::string_view name);

[[nodiscard]] std::string record_prefix(const record::WorkloadId& workload, const record::ClientId& client);
[[nodiscard]] std::string record_key(const Location& location);
[[nodiscard]] Result<Location> parse_record_key(std::string_view key);

[[nodiscard]] std::string record_value(const record::Interaction& record);
/// Whether the value is of a record whose content has expired.
[[nodiscard]] bool is_outline(std::string_view value);
/// Fills request, response, provenance and outline.
[[nodiscard]] Status parse_record_value(std::string_view value, record::Interaction& record);

/// The prefix of an index for the selection's names: kTime has none, kWorkload its workload, kClient its client.
[[nodiscard]] std::string index_prefix(Index index, std::string_view name);
[[nodiscard]] std::string index_key(Index index, const Location& location);
/// What the index key leaves out of the location: names that the prefix does not hold.
[[nodiscard]] std::string index_value(Index index, const Location& location);
[[nodiscard]] Result<Location> parse_index_entry(std::string_view key, std::string_view value);

/// By what records are counted beside workload and client.
struct Kind {
  record::Origin origin = record::Origin::kFile;
  record::Ending ending = record::Ending::kFinished;

  friend auto operator<=>(const Kind&, const Kind&) = default;
};

/// The value under a record's id: its location but for the id, and its kind unless that is the default.
[[nodiscard]] std::string id_value(const Location& location, const Kind& kind = {});
struct LocatedKind {
  Location location;
  Kind kind;
};
[[nodiscard]] Result<LocatedKind> parse_id_value(const record::RecordId& id, std::string_view value);

[[nodiscard]] std::string count_key(const record::WorkloadId& workload, const record::ClientId& client);
inline constexpr std::string_view kCountPrefix = "n";
struct CountedPair {
  record::WorkloadId workload;
  record::ClientId client;
};
[[nodiscard]] Result<CountedPair> parse_count_key(std::string_view key);

/// The key of how many records of a kind a pair has; kinds but for the default one are counted.
[[nodiscard]] std::string kind_count_key(const record::WorkloadId& workload, const record::ClientId& client,
                                         const Kind& kind);
inline constexpr std::string_view kKindCountPrefix = "k";
struct CountedKind {
  CountedPair pair;
  Kind kind;
};
[[nodiscard]] Result<CountedKind> parse_kind_count_key(std::string_view key);
[[nodiscard]] std::string count_value(std::int64_t count);
[[nodiscard]] std::optional<std::int64_t> parse_count_value(std::string_view value);

/// Where the contents lie of some three days of a pair, among them the location's: all keys of `records` from this one
/// on and before past_stretch() of it. Under this key, behind kStaleSign, the store remembers that contents of the
/// stretch were removed, moved or expired and may still lie on the disk.
[[nodiscard]] std::string stretch_of(const Location& location);
[[nodiscard]] std::string past_stretch(std::string stretch);
inline constexpr std::string_view kStaleSign = "p";

inline constexpr std::string_view kVersionKey = "version";

/// The first byte of a record's value: its form.
inline constexpr char kContentAlone = 1;
inline constexpr char kContentAndProvenance = 2;
inline constexpr char kOutline = 3;

/// Eight bytes whose byte order is the order of time, before 1970 too.
void append_time(std::string& key, Timestamp time);
[[nodiscard]] Timestamp parse_time(std::string_view eight_bytes);
/// Two bytes, or none for the default.
void append_kind(std::string& out, const Kind& kind);

/// The smallest key above all keys that begin with `prefix`. The prefix must end in a byte below 0xff.
[[nodiscard]] std::string past_prefix(std::string prefix);

}  // namespace fw::logstore::layout
