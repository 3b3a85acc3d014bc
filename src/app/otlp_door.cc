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

api::FaceReport OtlpDoor::report() const {
  const capture::OtlpFaceStats stats = face_.stats();
  return {.name = "otlp",
          .url = state_.ok() ? server_.url() : "",
          .problem = state_.ok() ? "" : state_.error().message,
          .accepted = stats.accepted,
          .known = stats.known,
          .kept_aside = stats.kept_aside,
          .refused = stats.refused,
          .more = {{"spans_without_content", stats.spans_without_content},
                   {"incomplete_events", stats.incomplete_events},
                   {"failed_calls", stats.failed_calls},
                   {"other", stats.other},
                   {"waiting", stats.waiting}}};
}

}  // namespace fw::app
