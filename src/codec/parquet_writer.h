#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::codec {

/// A column of a Parquet file, or what columns hang below. Every one may be null, as in the files of pyarrow and
/// DuckDB: tables of both can be put one behind the other.
struct ParquetField {
  enum class Kind : std::uint8_t {
    kText,     ///< UTF-8
    kInteger,  ///< 64 bits with a sign
    kGroup,    ///< a value for each of `children`
    kList,     ///< any number of the one child, whose name is of no account
  };

  std::string name;
  Kind kind = Kind::kText;
  std::vector<ParquetField> children = {};

  [[nodiscard]] static ParquetField text(std::string name) { return {std::move(name), Kind::kText}; }
  [[nodiscard]] static ParquetField integer(std::string name) { return {std::move(name), Kind::kInteger}; }
  [[nodiscard]] static ParquetField group(std::string name, std::vector<ParquetField> members) {
    return {std::move(name), Kind::kGroup, std::move(members)};
  }
  [[nodiscard]] static ParquetField list_of_groups(std::string name, std::vector<ParquetField> members) {
    return {std::move(name), Kind::kList, {group("element", std::move(members))}};
  }
};

/// What the writer holds, in bytes before compression. A row is never divided: one that is larger is a page, or a row
/// group, of its own.
struct ParquetLimits {
  std::size_t row_group = 32U << 20U;
  std::size_t page = 1U << 20U;
};

/// Writes rows as an Apache Parquet file (github.com/apache/parquet-format: parquet.thrift, Encodings.md,
/// LogicalTypes.md), piece by piece into `sink`: row groups of data pages of version 1 with zstd and a checksum each.
/// Values are PLAIN, or in a dictionary where a row group's values repeat enough for it; lists and absent values are
/// repetition and definition levels. Counts of nulls are written, smallest and largest values are not.
///
/// Invariant: the same rows and limits give the same bytes (with the same version of zstd). Memory: up to three times
/// `row_group`, and the row at hand. Not thread-safe. A file without finish() has no footer and cannot be read.
class ParquetWriter final {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;

  /// Names of columns, and of the members of a group, differ.
  ParquetWriter(std::vector<ParquetField> columns, Sink sink, ParquetLimits limits = {});
  ~ParquetWriter();
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;

  /// Whether the columns hold the row, an object with a member for each column; members that are not there are null.
  /// kInvalidArgument names what no column is for (`messages.audio`), what is of another kind than its column or no
  /// UTF-8; kTooLarge: a row of more than a gigabyte, which no page can hold.
  [[nodiscard]] Status check(const nlohmann::ordered_json& row) const;

  /// check()'s errors, after which the writer is as it was, or the sink's, after which it is of no use any more.
  [[nodiscard]] Status add(const nlohmann::ordered_json& row);

  /// The rest and the footer; once, as the last call. A file of no rows has its columns still.
  [[nodiscard]] Status finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::codec
