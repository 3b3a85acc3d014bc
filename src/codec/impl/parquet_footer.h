#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/impl/parquet_column.h"
#include "codec/impl/parquet_schema.h"

namespace fw::codec {

struct ParquetRowGroup {
  std::int64_t rows = 0;
  std::vector<ParquetChunk> chunks;  ///< one for each leaf
};

/// FileMetaData of parquet.thrift: the schema, and where the columns of each row group lie.
[[nodiscard]] std::string parquet_footer(const std::vector<ParquetNode>& columns, const ParquetLeaves& leaves,
                                         const std::vector<ParquetRowGroup>& groups);

}  // namespace fw::codec
