#include "app/elasticsearch_door.h"

#include "base/log.h"

namespace fw::app {

ElasticsearchDoor::ElasticsearchDoor(const ElasticsearchSettings& settings, capture::BulkFaceDependencies dependencies,
                                     const EventLoops& loops)
    : enabled_(settings.face.enabled),
      face_(std::move(dependencies), {.index = settings.index, .version = settings.version}),
      server_(loops, door_options("elasticsearch", settings.face), face_.handler()) {}

ElasticsearchDoor::~ElasticsearchDoor() { close(std::chrono::seconds(1)); }

void ElasticsearchDoor::open() {
  if (!enabled_) return;
  if (const Status names = face_.open(); !names.ok()) {
    log_warning("elasticsearch", "the names of indexes cannot be read", {{"error", names.error().message}});
  }
  state_ = open_door(server_, "elasticsearch");
}

void ElasticsearchDoor::close(Duration grace) { server_.stop_blocking(grace); }

api::FaceReport ElasticsearchDoor::report() const {
  const capture::BulkFaceStats stats = face_.stats();
  return {.name = "elasticsearch",
          .url = state_.ok() ? server_.url() : "",
          .problem = state_.ok() ? "" : state_.error().message,
          .accepted = stats.accepted,
          .known = stats.known,
          .kept_aside = stats.kept_aside,
          .refused = stats.refused};
}

}  // namespace fw::app
