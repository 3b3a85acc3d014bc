#include "app/cli/run_traffic.h"

#include <nlohmann/json.hpp>

#include "api/traffic_choice.h"

namespace fw::app {

using Json = nlohmann::ordered_json;

Status settle_traffic(std::string& workload, std::string& client_id, ApiClient& client) {
  if (!workload.empty() && !client_id.empty()) return {};
  FW_ASSIGN(const auto answer, client.get("/api/workloads"));
  std::vector<api::Traffic> traffic;
  const Json workloads = answer.value("workloads", Json::array());
  for (const auto& w : workloads) {
    traffic.push_back({w.value("workload_id", ""), w.value("client_id", "")});
  }
  if (traffic.empty()) {
    return failed_precondition(
        "the service has no traffic yet; load some with: flywheel load FILE, or run a file "
        "without a service: flywheel run --from FILE --config FILE");
  }
  FW_ASSIGN(const auto chosen, api::choose_traffic(traffic, workload, client_id));
  workload = chosen.workload;
  client_id = chosen.client;
  return {};
}

}  // namespace fw::app
