#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "capture/gateway/request_scan.h"
#include "capture/gateway/settings.h"
#include "net/http.h"
#include "record/ids.h"
#include "record/provenance.h"

namespace fw::capture {

/// By which names an exchange stands in the log.
struct Labels {
  record::WorkloadId workload;
  record::ClientId client;
  std::string conversation;
  std::vector<record::Tag> tags;
  std::string key;  ///< id of the API key that it came with
};

/// Each label from the first place that has it: the headers `x-flywheel-workload`, `-client`, `-conversation`, `-tags`;
/// `metadata` of the body (`workload_id` or `workload`, and so on), for the client also `user`; the one workload that
/// the caller's key is for; the rules, then those that were accepted; the names for what nothing names. A key's tenant
/// is the client whatever else is said. A text that cannot be an id is repaired, not refused: the request is not ours
/// to refuse.
[[nodiscard]] Labels labels_of(std::string_view path, const net::Headers& headers, const RequestScan& scan,
                               const CaptureSettings& settings, const auth::Caller& caller = auth::Caller());

/// Some rule looks at more of a request than its path and model.
[[nodiscard]] bool wants_system(const CaptureSettings& settings);

/// Takes the headers that are meant for us alone out of a request.
void remove_own_headers(net::Headers& headers);

}  // namespace fw::capture
