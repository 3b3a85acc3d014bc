#include "app/cli/watch.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/run_view.h"
#include "net/url.h"

namespace fw::app {

using Json = nlohmann::ordered_json;

int watch_job(const std::string& job_id, bool as_json, const std::string& server) {
  ApiClient client(server);
  const SystemClock clock;
  Terminal out(1);
  std::string unseen;
  Terminal nowhere(unseen, 0);
  RunView view(as_json ? nowhere : out, clock);
  const auto status = client.events("/api/jobs/" + net::percent_encode(job_id) + "/events",
                                    [&](std::string_view kind, std::string_view data) {
                                      view.show(kind, data);
                                      unseen.clear();
                                      if (as_json) {
                                        const Json line{{"event", kind}, {"data", Json::parse(data, nullptr, false)}};
                                        std::cout << line.dump() << std::endl;
                                      }
                                      return true;
                                    });
  out.end_live();
  if (!status.ok()) return fail(status.error());
  return view.end_status() == "completed" ? 0 : 1;
}

}  // namespace fw::app
