#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "codec/json_slicer.h"
#include "record/interaction.h"

namespace fw::capture {

/// What a line does not say itself.
struct DocumentContext {
  std::optional<record::WorkloadId> workload;          ///< in place of the document's own
  std::optional<record::ClientId> client;              ///< in place of the document's own
  std::optional<record::WorkloadId> default_workload;  ///< where the document names none
  std::optional<record::ClientId> default_client;      ///< where the document names none
  Timestamp loaded_at;                                 ///< the time of a chat row, which has none
  std::uint64_t occurrence = 0;  ///< how often these very bytes came before in this source (record::content_id)
};

/// One line of traffic as an Interaction. Three forms are told apart by their keys (docs/formats/traffic.md):
/// a log document `{"timestamp", "workload_id", "client_id", "request", "response"}`; an Elasticsearch hit with a log
/// document as its `_source`; a chat row `{"messages", "tools"?}`, whose last message becomes the response. Request and
/// response of the first two keep their bytes. Unknown keys are ignored.
///
/// Takes any bytes. An error's message is the reason, one of a fixed set without parts of the line: reasons are
/// counted.
[[nodiscard]] Result<record::Interaction> decode_log_document(std::string_view line, const DocumentContext& context,
                                                              codec::JsonSlicer& slicer);

/// Whether a line is the action line before a document of an Elasticsearch `_bulk` body (`{"index": {...}}`, `create`).
[[nodiscard]] bool is_bulk_action(std::string_view line, codec::JsonSlicer& slicer);

}  // namespace fw::capture
