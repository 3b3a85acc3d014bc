#include "app/cli/watch.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/run_view.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

Patience patience_of(const WatchOptions& options, Terminal& out, bool& is_waiting) {
  Patience patience;
  patience.is_known = options.is_known;
  if (options.give_up_after) {
    patience.give_up_after =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*options.give_up_after));
  }
  patience.on_wait = [&out, &is_waiting](const Error& error) {
    if (is_waiting) return;
    is_waiting = true;
    out.line("  the service does not answer (" + printable(error.message) +
             "); waiting for it. The run goes on where it stood once the service is back");
  };
  return patience;
}

}  // namespace

WatchOutcome watch_job(const std::string& job_id, const WatchOptions& options, const std::string& server) {
  ApiClient client(server);
  const SystemClock clock;
  Terminal out(1);
  Terminal notes(2);
  std::string unseen;
  Terminal nowhere(unseen, 0);
  RunView view(options.json ? nowhere : out, clock);
  bool is_waiting = false;
  const auto on_event = [&](std::string_view kind, std::string_view data) {
    is_waiting = false;
    view.show(kind, data);
    unseen.clear();
    if (options.json) {
      const Json line{{"event", kind}, {"data", Json::parse(data, nullptr, false)}};
      std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
    }
    return !out.is_closed() && std::cout.good();
  };
  const auto patience = patience_of(options, options.json ? notes : out, is_waiting);
  const auto status = client.events("/api/jobs/" + net::percent_encode(job_id) + "/events", on_event, patience);
  out.end_live();
  if (!status.ok()) return {fail(status.error()), view.has_told_errors()};
  if (out.is_closed() || !std::cout.good()) return {0, true};
  if (view.end_status().empty()) {
    // The end is told when it is written; a service whose disk is full may have to leave that for later.
    const auto job = client.get("/api/jobs/" + net::percent_encode(job_id));
    if (!job.ok()) return {fail(job.error()), view.has_told_errors()};
    const auto& error = job->contains("error") ? (*job)["error"] : Json();
    (options.json ? notes : out)
        .line(printable(job->value("status", "")) +
              (error.is_string() ? ": " + printable(error.get<std::string>()) : std::string()));
    return {1, error.is_string()};
  }
  return {view.end_status() == "completed" ? 0 : 1, view.has_told_errors()};
}

}  // namespace fw::app
