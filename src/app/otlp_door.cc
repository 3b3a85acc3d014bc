#include "app/otlp_door.h"

namespace fw::app {
namespace {

capture::OtlpFaceOptions face_options(const OtlpSettings& settings) {
  capture::OtlpFaceOptions options;
  if (!settings.workload_attributes.empty()) options.workload_attributes = settings.workload_attributes;
  if (!settings.client_attributes.empty()) options.client_attributes = settings.client_attributes;
  options.join_window =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(settings.join_window_seconds));
  return options;
}

}  // namespace

OtlpDoor::OtlpDoor(const OtlpSettings& settings, capture::OtlpFaceDependencies dependencies, const EventLoops& loops)
    : enabled_(settings.face.enabled),
      face_(std::move(dependencies), face_options(settings)),
      server_(loops, door_options("otlp", settings.face), face_.handler()) {}

OtlpDoor::~OtlpDoor() { close(std::chrono::seconds(1)); }

void OtlpDoor::open() {
  if (!enabled_) return;
  state_ = face_.start();
  if (state_.ok()) state_ = open_door(server_, "otlp");
}

void OtlpDoor::close(Duration grace) {
  server_.stop_blocking(grace);
  face_.stop();
}

std::optional<api::Face> OtlpDoor::face() const {
  if (!enabled_) return std::nullopt;
  if (!state_.ok()) return api::Face{.name = "otlp", .url = "", .trouble = state_.error().message};
  const auto silent = face_.stats().spans_without_content;
  return api::Face{.name = "otlp",
                   .url = server_.url(),
                   .trouble = silent == 0 ? ""
                                          : std::to_string(silent) +
                                                " model calls came without prompt and answer; turn on the capture of "
                                                "content where they are instrumented, and send logs as well as traces"};
}

void OtlpDoor::write_metrics(std::ostream& out) const {
  if (!enabled_) return;
  const capture::OtlpFaceStats stats = face_.stats();
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
