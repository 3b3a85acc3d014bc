#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/cli/terminal.h"

namespace fw::app {

/// A webhook's address without user name, password and query, which may be secrets.
[[nodiscard]] std::string shown_url(const std::string& url);

/// The webhook deliveries of a job (`{"deliveries": [...]}`) with every attempt.
void print_deliveries(const nlohmann::ordered_json& answer, Terminal& out);

/// A line for each delivery that has not arrived, and why; nothing when all have.
void print_undelivered(const nlohmann::ordered_json& answer, Terminal& out);

}  // namespace fw::app
