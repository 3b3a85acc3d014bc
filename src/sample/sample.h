#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::sample {

/// The nodes of the sample agent; each one is a workload of its own.
enum class Workload {
  kRouter,    ///< conversation -> a call of one of six tools, or an answer without one
  kRewriter,  ///< conversation -> its last message as a sentence that needs no conversation
  kWriter,    ///< question and tool result -> a short answer
};

/// `router`, `rewriter`, `writer`: also the workload ids of the rows.
[[nodiscard]] std::string_view to_string(Workload workload);
[[nodiscard]] Result<Workload> parse_workload(std::string_view name);

/// Same settings, same bytes.
struct SampleSettings {
  Workload workload = Workload::kRouter;
  std::uint64_t count = 900;  ///< lines, defective ones included
  std::uint64_t seed = 1;
  std::string client = "demo";
  std::int64_t start = 1'790'812'800;       ///< epoch seconds of the first row; the default is 2026-10-01
  std::int64_t span_seconds = 30 * 86'400;  ///< from the first row to the last
};

/// How many lines of a sample are not one good record each. All others are, and no two of them ask the same.
struct NoiseCounts {
  std::uint64_t duplicates = 0;        ///< an earlier request once more, with the same answer under another id
  std::uint64_t missing_response = 0;  ///< no `response`
  std::uint64_t broken_arguments = 0;  ///< a tool call's arguments are no JSON; router only
  std::uint64_t empty_messages = 0;    ///< `request.messages` is []
  std::uint64_t truncated_lines = 0;   ///< the line ends early and is no JSON

  friend bool operator==(const NoiseCounts&, const NoiseCounts&) = default;
};

[[nodiscard]] NoiseCounts planned_noise(const SampleSettings& settings);

/// Makes up traffic of a small customer-service agent: one log document (a JSON object without line break) at a time,
/// in order of time. The words come from tables (impl/domain.h). A fifth of the wordings occur only in the newest tenth
/// of the time span, where they are about 60 % of the traffic. Every answer follows from its request. Memory: a byte
/// per line, and a hash per good one. Not thread-safe.
class Generator final {
 public:
  explicit Generator(SampleSettings settings);
  ~Generator();
  Generator(Generator&&) noexcept;
  Generator& operator=(Generator&&) = delete;

  /// The next line; nothing after `count` of them.
  [[nodiscard]] std::optional<std::string> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All lines at once.
[[nodiscard]] std::vector<std::string> generate(const SampleSettings& settings);

}  // namespace fw::sample
