#pragma once

#include <set>
#include <string>
#include <vector>

#include "codec/parquet_writer.h"
#include "dataset/export_rows.h"
#include "dataset/impl/json.h"

namespace fw::dataset {

/// The columns of a form's table (docs/formats/dataset_exports.md).
[[nodiscard]] std::vector<codec::ParquetField> table_columns(RowFormat format);

/// Turns a row of a form, as its line has it, into one with those columns: the text parts of a content as one text, the
/// tools as JSON text, what a message says beyond its columns as JSON text under `other`. Returns why that cannot be,
/// or "". Adds to `changed` what is said in another way.
[[nodiscard]] std::string put_in_columns(Json& row, std::set<std::string>& changed);

}  // namespace fw::dataset
