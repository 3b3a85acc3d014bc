#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dataset/impl/json.h"
#include "modelops/row_traits.h"
#include "record/interaction.h"

namespace fw::dataset {

/// A valid record, normalised and brought into the form of the rows: the answer's arguments as objects, null content as
/// "".
struct Exchange {
  Json request;
  Json response;  ///< with the answer as its only choice
  Json answer;    ///< that choice's message
};

/// Nothing if the record is not valid (it was when it was surveyed).
[[nodiscard]] std::optional<Exchange> read_exchange(const record::Interaction& record, bool parse_arguments);

/// `{"messages", "tools"?}`: the request's messages and the answer (docs/formats/dataset_rows.md).
[[nodiscard]] Json training_row(const Exchange& exchange);

/// What an evaluation row says beside the exchange.
struct RowFacts {
  record::RecordId id;
  modelops::RowTraits traits;
  std::int64_t timestamp = 0;
};

[[nodiscard]] Json evaluation_row(const Exchange& exchange, const RowFacts& facts);

}  // namespace fw::dataset
