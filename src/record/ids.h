#pragma once

#include <string>

#include "base/strong.h"

namespace fw::record {

/// One captured interaction; unique within a log store. Any non-empty text without control characters, at most 128
/// bytes.
using RecordId = Strong<std::string, struct RecordIdTag>;
/// One logical task of an application: a route, an agent's node. The key for slicing traffic.
using WorkloadId = Strong<std::string, struct WorkloadIdTag>;
/// Who produced the traffic.
using ClientId = Strong<std::string, struct ClientIdTag>;

}  // namespace fw::record
