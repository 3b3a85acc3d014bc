#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "logstore/rocksdb/impl/layout.h"

namespace fw::logstore::layout {

/// Bytes as the pieces that they are joined of, which lie elsewhere: whoever copies them anyway need not join them
/// before.
class Pieces final {
 public:
  static constexpr std::size_t kMost = 4;

  template <class... Piece>
    requires(sizeof...(Piece) <= kMost)
  explicit Pieces(const Piece&... pieces) : pieces_{std::string_view(pieces)...}, count_(sizeof...(Piece)) {}

  [[nodiscard]] std::span<const std::string_view> all() const { return std::span(pieces_).first(count_); }
  [[nodiscard]] std::string joined() const;

 private:
  std::array<std::string_view, kMost> pieces_;
  std::size_t count_;
};

/// The keys of one record and the values that are no content, made without joining anything. Points into the names and
/// the id that it was made of; what it gives points into it.
class RecordEntries final {
 public:
  RecordEntries(const record::WorkloadId& workload, const record::ClientId& client, Timestamp time,
                const record::RecordId& id, const Kind& kind = {});
  RecordEntries(const RecordEntries&) = delete;
  RecordEntries& operator=(const RecordEntries&) = delete;

  [[nodiscard]] Pieces record_key() const { return Pieces(pair_, time_, id_); }
  [[nodiscard]] Pieces id_value() const { return Pieces(pair_, time_, kind_); }
  [[nodiscard]] Pieces index_key(Index index) const;
  [[nodiscard]] Pieces index_value(Index index) const;

 private:
  std::string pair_;           // both names, each with its end
  std::string_view workload_;  // the first of them
  std::string_view client_;
  std::string time_;
  std::string_view id_;
  std::string kind_;
};

/// The value of `records`. Points into the record.
class RecordValue final {
 public:
  explicit RecordValue(const record::Interaction& record);
  RecordValue(const RecordValue&) = delete;
  RecordValue& operator=(const RecordValue&) = delete;

  [[nodiscard]] Pieces pieces() const { return Pieces(head_, request_, response_, fields_); }

 private:
  std::string head_;
  std::string_view request_;
  std::string_view response_;
  std::string fields_;
};

}  // namespace fw::logstore::layout
