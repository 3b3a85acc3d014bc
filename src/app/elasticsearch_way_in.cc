#include "app/elasticsearch_way_in.h"

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace fw::app {

Status note_removal(audit::AuditLog& audit_log, const capture::Removal& removal) {
  const auth::Caller& caller = removal.caller;
  const nlohmann::ordered_json details{{"listener", to_string(auth::ListenerName::kElasticsearch)},
                                       {"request", removal.request},
                                       {"index", removal.index},
                                       {"records", removal.records},
                                       {"key_id", caller.key_id},
                                       {"address", removal.peer}};
  const std::string person = caller.person.empty() ? "whoever reaches the Elasticsearch dialect" : caller.person;
  FW_ASSIGN([[maybe_unused]] const auto entry,
            audit_log.append({.person = person,
                              .action = "log.remove",
                              .subject = "log",
                              .reason = "",
                              .details = details.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)}));
  return {};
}

ElasticsearchWayIn::ElasticsearchWayIn(const ElasticsearchSettings& settings, capture::BulkApiDependencies dependencies)
    : api_(std::move(dependencies), {.index = settings.index, .version = settings.version}) {}

void ElasticsearchWayIn::adjust(net::ServerOptions& options) {
  // rsyslog takes every answer for final, and tries again only where there is no connection.
  options.is_full = [this](const std::string& address) { return api_.is_full_for(address); };
}

Status ElasticsearchWayIn::open() {
  // Documents can be taken without them.
  if (const Status names = api_.open(); !names.ok()) {
    log_warning("elasticsearch", "the names of indexes cannot be read", {{"error", names.error().message}});
  }
  return {};
}

std::string ElasticsearchWayIn::trouble() const {
  return api_.is_full() ? "little room for new requests: the log store is slower than what comes in" : "";
}

void ElasticsearchWayIn::write_metrics(std::ostream& out) const {
  const capture::BulkApiStats stats = api_.stats();
  write_outcomes(out, "flywheel_elasticsearch_documents_total",
                 "Documents of the Elasticsearch dialect: on disk, of these there already, no traffic, not stored.",
                 {{"accepted", stats.accepted},
                  {"known", stats.known},
                  {"kept_aside", stats.kept_aside},
                  {"refused", stats.refused}});
  write_gauge(out, "flywheel_elasticsearch_bytes_in_flight", "Bodies that are in memory.", stats.bytes_in_flight);
}

}  // namespace fw::app
