#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "logstore/elasticsearch/impl/index.h"
#include "logstore/log_store.h"

namespace fw::logstore {

/// Asks for the documents of a selection's workload and client that no read gives since they lack what every record
/// has. Those whose `timestamp` the mapping takes and cannot read (`ignore_malformed`) lack it as well.
[[nodiscard]] nlohmann::json count_left_out(const Selection& selection, const IndexForm& form);
/// How many the answer counts, by reason; each document once.
[[nodiscard]] std::map<std::string, std::uint64_t> left_out_in(const nlohmann::json& answer);

}  // namespace fw::logstore
