#pragma once

#include <string>

#include "codec/json_slicer.h"
#include "logstore/elasticsearch/documents.h"
#include "record/interaction.h"

namespace fw::capture {

enum class Contents {
  kWhole,  ///< request and response, byte for byte
  kNone,   ///< what is known beside them alone
};

/// The record as a log document (docs/formats/traffic.md), with all that is known of it under `flywheel`. Loading a
/// whole one gives the same record again, its id included; one whose content has expired says so, has null for request
/// and response, and is not loaded again.
[[nodiscard]] std::string to_log_document(const record::Interaction& record, Contents contents = Contents::kWhole);

/// The same of a whole record on one line, whatever its bytes are: a request or response that goes over several lines,
/// or is no JSON object, stands as a text. Loading gives the same bytes again where both are JSON objects.
[[nodiscard]] std::string to_log_line(const record::Interaction& record, codec::JsonSlicer& slicer);

/// Log documents in an index of Elasticsearch: the same, with times and contents in forms that an index takes.
class StoredDocuments final : public logstore::Documents {
 public:
  [[nodiscard]] std::string write(const record::Interaction& record, Unit unit, bool as_text) const override;
  [[nodiscard]] Result<record::Interaction> read(std::string_view id, std::string_view document) const override;
};

}  // namespace fw::capture
