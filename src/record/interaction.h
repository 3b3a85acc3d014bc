#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "record/ids.h"
#include "record/outline.h"
#include "record/provenance.h"

namespace fw::record {

/// One request to a model and its answer, as an application made them. Every way of capture ends in this value. A
/// value; fields never change after capture, but that request and response may give way to an outline.
struct Interaction {
  RecordId id;
  WorkloadId workload;
  ClientId client;
  Timestamp timestamp;   ///< time of the request
  std::string request;   ///< the chat-completion request: a JSON object, byte for byte as captured
  std::string response;  ///< the chat-completion response: a JSON object, byte for byte as captured
  Provenance provenance = {};
  std::optional<Outline> outline = {};  ///< the content has expired: request and response are empty

  [[nodiscard]] bool has_content() const { return !outline.has_value(); }

  friend bool operator==(const Interaction&, const Interaction&) = default;
};

}  // namespace fw::record
