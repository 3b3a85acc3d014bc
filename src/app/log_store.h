#pragma once

#include <memory>

#include "app/config/config.h"
#include "capture/quarantine.h"
#include "logstore/log_store.h"

namespace fw::app {

/// What of the embedded store was damaged and is kept: on every start a line of the log, and a line in the quarantine.
[[nodiscard]] Status tell_damage(const logstore::LogStore& embedded, capture::Quarantine& quarantine);

/// The log store that the settings name: the embedded one, or an index of Elasticsearch with the embedded one as its
/// journal, so that what this held before is handed over. Records that the cluster refuses for good go to `quarantine`,
/// which outlives the store.
[[nodiscard]] Result<std::unique_ptr<logstore::LogStore>> log_store_of(const LogStoreSettings& settings,
                                                                       std::unique_ptr<logstore::LogStore> embedded,
                                                                       capture::Quarantine& quarantine);

}  // namespace fw::app
