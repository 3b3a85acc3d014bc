#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "logstore/log_store.h"

namespace fw::api {

/// Adds to an answer that tells of traffic what its figures lack: `waiting`, the records that are acknowledged and on
/// their way to a log store elsewhere. Nothing where none waits. Does not block.
void add_waiting(nlohmann::ordered_json& body, const logstore::LogStore& log, Timestamp now);

}  // namespace fw::api
