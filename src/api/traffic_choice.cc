#include "api/traffic_choice.h"

#include <set>

#include "base/edit_distance.h"

namespace fw::api {
namespace {

constexpr std::size_t kMostNames = 10;

using Names = std::set<std::string>;

std::string listed(const Names& names) {
  std::string out;
  std::size_t n = 0;
  for (const auto& name : names) {
    if (++n > kMostNames) return out + " and " + std::to_string(names.size() - kMostNames) + " more";
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

std::string meant(const std::string& name, const Names& names) {
  const std::vector<std::string> candidates(names.begin(), names.end());
  const auto near = nearest_name(name, candidates);
  return near ? "; did you mean " + *near + "?" : "";
}

Result<std::string> choose_workload(const Names& workloads, const std::string& wanted) {
  if (wanted.empty() && workloads.size() > 1) {
    return invalid_argument("which workload? there are: " + listed(workloads));
  }
  if (wanted.empty()) return *workloads.begin();
  if (workloads.contains(wanted)) return wanted;
  return not_found("there is no traffic of workload \"" + wanted + "\"; there is of: " + listed(workloads) +
                   meant(wanted, workloads));
}

Result<std::string> choose_client(const Names& clients, const std::string& wanted, const std::string& workload) {
  const std::string has = "workload \"" + workload + "\" has ";
  if (wanted.empty() && clients.size() > 1) {
    return invalid_argument("whose traffic? name the client (--client-id); " + has + "traffic of: " + listed(clients));
  }
  if (wanted.empty()) return *clients.begin();
  if (clients.contains(wanted)) return wanted;
  return not_found(has + "no traffic of client \"" + wanted + "\"; it has traffic of: " + listed(clients) +
                   meant(wanted, clients));
}

}  // namespace

Result<Traffic> choose_traffic(const std::vector<Traffic>& known, const std::string& workload,
                               const std::string& client) {
  if (known.empty()) {
    return not_found("there is no traffic yet: load some first (flywheel load FILE, or POST /api/records)");
  }
  Names workloads, clients;
  for (const auto& one : known) workloads.insert(one.workload);
  FW_ASSIGN(const auto chosen, choose_workload(workloads, workload));
  for (const auto& one : known) {
    if (one.workload == chosen) clients.insert(one.client);
  }
  FW_ASSIGN(const auto whose, choose_client(clients, client, chosen));
  return Traffic{chosen, whose};
}

}  // namespace fw::api
