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

std::optional<api::Face> ElasticsearchDoor::face() const {
  if (!enabled_) return std::nullopt;
  if (!state_.ok()) return api::Face{.name = "elasticsearch", .url = "", .trouble = state_.error().message};
  return api::Face{
      .name = "elasticsearch",
      .url = server_.url(),
      .trouble = face_.is_full() ? "no room for new connections: the log store is slower than what comes in" : ""};
}

void ElasticsearchDoor::write_metrics(std::ostream& out) const {
  if (!enabled_) return;
  const capture::BulkFaceStats stats = face_.stats();
  write_outcomes(out, "flywheel_elasticsearch_documents_total",
                 "Documents of the Elasticsearch dialect: on disk, of these there already, no traffic, not stored.",
                 {{"accepted", stats.accepted},
                  {"known", stats.known},
                  {"kept_aside", stats.kept_aside},
                  {"refused", stats.refused}});
  write_gauge(out, "flywheel_elasticsearch_bytes_in_flight", "Bodies that are in memory.", stats.bytes_in_flight);
}

}  // namespace fw::app
