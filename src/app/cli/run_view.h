#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/terminal.h"
#include "app/cli/time_left.h"
#include "base/clock.h"

namespace fw::app {

/// Shows a run as its events come in (docs/formats/job_events.md): a line a finished stage, and while a stage goes on
/// its progress (a live line on a terminal, else a line every few seconds). Knows nothing of where the events come
/// from.
class RunView final {
 public:
  RunView(Terminal& out, const Clock& clock);

  /// One event of the stream. Unknown kinds and fields are passed over.
  void show(std::string_view kind, std::string_view data);

  /// `completed`, `failed`, `cancelled`; empty while the job has not ended.
  [[nodiscard]] const std::string& end_status() const { return end_status_; }
  /// Whether an error was shown.
  [[nodiscard]] bool has_told_errors() const { return !errors_.empty(); }

 private:
  void show_job(const nlohmann::json& event);
  void show_stage(const nlohmann::json& event);
  void show_candidate(const nlohmann::json& event);
  void show_progress(const nlohmann::json& event);
  void name_candidate(const nlohmann::json& event);
  [[nodiscard]] std::string candidate_name(const nlohmann::json& event) const;
  [[nodiscard]] std::string new_part(const std::string& error);

  Terminal& out_;
  const Clock& clock_;
  std::vector<std::string> candidates_;
  std::string shown_candidate_;
  std::string end_status_;
  std::vector<std::string> errors_;  ///< told already
  TimeLeft time_left_;
  Instant last_progress_{};
  bool has_progress_ = false;
};

/// A stage's name as people read it: `fine-tuning` for `customization`.
[[nodiscard]] std::string stage_title(std::string_view stage);

}  // namespace fw::app
