#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "codec/impl/parquet_column.h"
#include "codec/parquet_writer.h"

namespace fw::codec {

/// A field with the levels of its place in the schema (Dremel: Melnik et al. 2010, section 4).
struct ParquetNode {
  ParquetField field;
  int repetition = 0;          ///< lists above it, and it where it is one
  int definition = 0;          ///< of a value that is there; one more for what is in a list that is not empty
  std::size_t first_leaf = 0;  ///< columns below it: first_leaf to end_leaf
  std::size_t end_leaf = 0;
  std::vector<ParquetNode> children = {};

  [[nodiscard]] bool is_leaf() const {
    return field.kind == ParquetField::Kind::kText || field.kind == ParquetField::Kind::kInteger;
  }
  [[nodiscard]] bool is_list() const { return field.kind == ParquetField::Kind::kList; }
};

/// The leaves of a schema: its columns.
struct ParquetLeaves {
  std::vector<ParquetColumn> columns;
  std::vector<parquet::Type> types;
  std::vector<std::vector<std::string>> paths;
};

/// A field at the top of the schema; its leaves behind those that are there. Lists have the three levels of
/// LogicalTypes.md, `list` and `element` below them.
[[nodiscard]] ParquetNode place_field(const ParquetField& field, ParquetLeaves& leaves);

}  // namespace fw::codec
