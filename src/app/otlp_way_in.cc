#include "app/otlp_way_in.h"

namespace fw::app {
namespace {

capture::OtlpReceiverOptions receiver_options(const OtlpSettings& settings) {
  capture::OtlpReceiverOptions options;
  if (!settings.workload_attributes.empty()) options.workload_attributes = settings.workload_attributes;
  if (!settings.client_attributes.empty()) options.client_attributes = settings.client_attributes;
  options.join_window =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(settings.join_window_seconds));
  return options;
}

}  // namespace

OtlpWayIn::OtlpWayIn(const OtlpSettings& settings, capture::OtlpReceiverDependencies dependencies)
    : receiver_(std::move(dependencies), receiver_options(settings)) {}

std::string OtlpWayIn::trouble() const {
  const auto silent = receiver_.stats().spans_without_content;
  if (silent == 0) return "";
  return std::to_string(silent) +
         " model calls came without prompt and answer; turn on the capture of content where they are instrumented, and "
         "send logs as well as traces";
}

void OtlpWayIn::write_metrics(std::ostream& out) const {
  const capture::OtlpReceiverStats stats = receiver_.stats();
  write_outcomes(out, "flywheel_otlp_interactions_total",
                 "Interactions out of telemetry: on disk, of these there already, no traffic, not stored.",
                 {{"accepted", stats.accepted},
                  {"known", stats.known},
                  {"kept_aside", stats.kept_aside},
                  {"refused", stats.refused}});
  write_outcomes(out, "flywheel_otlp_unused_total",
                 "Telemetry that made no interaction: model calls without content, of which events are missing, that "
                 "failed; and what is of something else.",
                 {{"without_content", stats.spans_without_content},
                  {"incomplete_events", stats.incomplete_events},
                  {"failed_calls", stats.failed_calls},
                  {"other", stats.other}});
  write_gauge(out, "flywheel_otlp_waiting_calls", "Model calls that wait for their span or their events.",
              stats.waiting);
}

}  // namespace fw::app
