#pragma once

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "capture/otlp/impl/intake.h"

namespace fw::capture::otlp {

/// What a fuzzer's telemetry becomes can be stored and read by others, and what waits comes back from its line.
inline void take_all(Result<std::vector<Span>> spans, Result<std::vector<LogRecord>> logs) {
  const OtlpReceiverOptions options;
  Joiner joiner({.max_calls = 8});
  Sorter sorter(options, joiner);
  const auto check = [](const Intake& intake) {
    for (const record::Interaction& record : intake.records) {
      if (record.id->empty() || record.workload->empty() || record.client->empty()) std::abort();
      if (!nlohmann::json::parse(record.request).is_object()) std::abort();
      if (!nlohmann::json::parse(record.response).is_object()) std::abort();
    }
    for (const std::string& line : intake.waiting) {
      const auto piece = parse_line(line);
      if (!piece.ok() || to_line(*piece) != line) std::abort();
    }
  };
  if (spans.ok()) check(sorter.take_spans(std::move(*spans), {}, from_epoch_seconds(1'760'000'000)));
  if (logs.ok()) check(sorter.take_logs(std::move(*logs), {}, from_epoch_seconds(1'760'000'000)));
  (void)joiner.expire(from_epoch_seconds(1'770'000'000));
}

}  // namespace fw::capture::otlp
