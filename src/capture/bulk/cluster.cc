#include "capture/bulk/impl/cluster.h"

#include <algorithm>

#include "base/hash.h"
#include "capture/bulk/impl/json_body.h"

namespace fw::capture::elastic {
namespace {

constexpr std::string_view kName = "flywheel";
constexpr std::string_view kNewest = "9.5.3";
constexpr std::string_view kOlder = "8.19.21";

std::vector<std::string> split_columns(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return out;
}

std::string_view host_of(const Call& call) {
  const auto host = call.headers.find("Host");
  return host ? *host : "127.0.0.1:9200";
}

std::string clock_time(Timestamp now) { return to_iso8601(now).substr(11, 8); }

}  // namespace

std::string version_for(const Call& call, const std::string& configured) {
  if (!configured.empty()) return configured;
  const auto accept = call.headers.find("Accept");
  const auto agent = call.headers.find("User-Agent");
  const bool is_older = (accept && accept->find("compatible-with=8") != std::string_view::npos) ||
                        (agent && agent->find("/8.") != std::string_view::npos);
  return std::string(is_older ? kOlder : kNewest);
}

Task<Answer> Cluster::root(Call call) {
  const std::string version = version_for(call, options_.version);
  const Json json{{"name", kName},
                  {"cluster_name", kName},
                  {"cluster_uuid", sha256_hex(dependencies_.folder.string()).substr(0, 22)},
                  {"version",
                   {{"number", version},
                    {"build_flavor", "default"},
                    {"build_type", "tar"},
                    {"build_hash", kName},
                    {"build_date", "2026-01-01T00:00:00.000Z"},
                    {"build_snapshot", false},
                    {"lucene_version", "10.0.0"},
                    {"minimum_wire_compatibility_version", "8.19.0"},
                    {"minimum_index_compatibility_version", "8.0.0"}}},
                  {"tagline", "You Know, for Search"}};
  co_return Answer{.body = to_text(json)};
}

Task<Answer> Cluster::health(Call) {
  const Status store = dependencies_.log.health();
  const Json json{{"cluster_name", kName},
                  {"status", store.ok() ? "green" : "red"},
                  {"timed_out", false},
                  {"number_of_nodes", 1},
                  {"number_of_data_nodes", 1},
                  {"active_primary_shards", 1},
                  {"active_shards", 1},
                  {"relocating_shards", 0},
                  {"initializing_shards", 0},
                  {"unassigned_shards", 0},
                  {"delayed_unassigned_shards", 0},
                  {"number_of_pending_tasks", 0},
                  {"number_of_in_flight_fetch", 0},
                  {"task_max_waiting_in_queue_millis", 0},
                  {"active_shards_percent_as_number", 100.0}};
  co_return Answer{.body = to_text(json)};
}

Task<Answer> Cluster::nodes(Call call) {
  const std::string host(host_of(call));
  const Json roles = Json::array({"data", "ingest", "master"});
  const Json json{{"_nodes", {{"total", 1}, {"successful", 1}, {"failed", 0}}},
                  {"cluster_name", kName},
                  {"nodes",
                   {{kName,
                     {{"name", kName},
                      {"transport_address", host},
                      {"host", host.substr(0, host.find(':'))},
                      {"ip", host.substr(0, host.find(':'))},
                      {"version", version_for(call, options_.version)},
                      {"roles", roles},
                      {"http",
                       {{"bound_address", Json::array({host})},
                        {"publish_address", host},
                        {"max_content_length_in_bytes", options_.max_body_bytes}}}}}}}};
  co_return Answer{.body = to_text(json)};
}

Task<Answer> Cluster::license(Call) {
  co_return Answer{.body = R"({"license":{"status":"active","uid":"flywheel","type":"basic","issue_date":)"
                           R"("2026-01-01T00:00:00.000Z","issue_date_in_millis":1767225600000,"max_nodes":1000,)"
                           R"("max_resource_units":null,"issued_to":"flywheel","issuer":"flywheel",)"
                           R"("start_date_in_millis":-1}})"};
}

Task<Answer> Cluster::xpack(Call) {
  co_return Answer{.body = R"({"build":{"hash":"flywheel","date":"2026-01-01T00:00:00.000Z"},"license":{"uid":)"
                           R"("flywheel","type":"basic","mode":"basic","status":"active"},"features":{"ilm":)"
                           R"({"available":true,"enabled":true},"security":{"available":true,"enabled":false},)"
                           R"("monitoring":{"available":false,"enabled":false}},"tagline":"You know, for X"})"};
}

Task<Answer> Cluster::settings(Call) { co_return Answer{.body = R"({"persistent":{},"transient":{}})"}; }

Task<Answer> Cluster::cat(Call call) {
  const Timestamp now = dependencies_.clock.now();
  if (call.name == "health") {
    co_return table(
        call,
        {"epoch", "timestamp", "cluster", "status", "node.total", "node.data", "shards", "pri", "relo", "init",
         "unassign", "unassign.pri", "pending_tasks", "max_task_wait_time", "active_shards_percent"},
        {{std::to_string(to_epoch_seconds(now)), clock_time(now), std::string(kName),
          dependencies_.log.health().ok() ? "green" : "red", "1", "1", "1", "1", "0", "0", "0", "0", "0", "-",
          "100.0%"}});
  }
  if (call.name == "nodes") {
    co_return table(call, {"ip", "node.role", "master", "name"},
                    {{std::string(host_of(call)), "dim", "*", std::string(kName)}});
  }
  if (call.name == "master") {
    co_return table(call, {"id", "host", "ip", "node"},
                    {{std::string(kName), std::string(host_of(call)), std::string(host_of(call)), std::string(kName)}});
  }
  for (const std::string_view empty : {"aliases", "templates", "plugins", "tasks", "pending_tasks", "allocation"}) {
    if (call.name == empty) co_return table(call, {"name"}, {});
  }
  co_return refusal(400, "illegal_argument_exception",
                    "_cat/" + call.name + " is not served; _cat/health, _cat/indices, _cat/count and _cat/nodes are");
}

namespace {

Answer unknown_column(const std::string& name, const std::vector<std::string>& columns) {
  std::string known;
  for (const std::string& column : columns) known += (known.empty() ? "" : ", ") + column;
  return refusal(400, "illegal_argument_exception", "column [" + name + "] is not known here; " + known + " are");
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// Numbers go by their value, texts by their letters.
bool is_less(const std::string& a, const std::string& b) {
  if (is_number(a) && is_number(b) && a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

}  // namespace

Answer table(const Call& call, const std::vector<std::string>& columns, std::vector<std::vector<std::string>> rows) {
  const auto orders = split_columns(call.query.find("s").value_or(""));
  for (auto order = orders.rbegin(); order != orders.rend(); ++order) {
    const auto colon = order->find(':');
    const auto column = std::ranges::find(columns, order->substr(0, colon));
    if (column == columns.end() && rows.empty()) continue;
    if (column == columns.end()) return unknown_column(order->substr(0, colon), columns);
    const auto at = static_cast<std::size_t>(column - columns.begin());
    const bool is_descending = colon != std::string::npos && order->substr(colon + 1) == "desc";
    std::ranges::stable_sort(rows, [&](const auto& a, const auto& b) {
      return is_descending ? is_less(b[at], a[at]) : is_less(a[at], b[at]);
    });
  }
  std::vector<std::size_t> chosen;
  if (const auto wanted = call.query.find("h")) {
    for (const std::string& name : split_columns(*wanted)) {
      const auto found = std::ranges::find(columns, name);
      if (found == columns.end() && rows.empty()) continue;
      if (found == columns.end()) return unknown_column(name, columns);
      chosen.push_back(static_cast<std::size_t>(found - columns.begin()));
    }
  } else {
    for (std::size_t i = 0; i < columns.size(); ++i) chosen.push_back(i);
  }
  const auto accept = call.headers.find("Accept");
  const bool wants_json = call.query.find("format") == "json" ||
                          (!call.query.find("format") && accept && accept->find("json") != std::string_view::npos);
  if (wants_json) {
    Json json = Json::array();
    for (const auto& row : rows) {
      Json object = Json::object();
      for (const std::size_t column : chosen) object[columns[column]] = row[column];
      json.push_back(std::move(object));
    }
    return {.body = to_text(json)};
  }
  std::vector<std::size_t> widths;
  for (const std::size_t column : chosen) {
    std::size_t width = call.has_flag("v") ? columns[column].size() : 0;
    for (const auto& row : rows) width = std::max(width, row[column].size());
    widths.push_back(width);
  }
  std::string text;
  const auto append = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::string& cell = cells[chosen[i]];
      text += cell;
      text += i + 1 < chosen.size() ? std::string(widths[i] - cell.size() + 1, ' ') : "\n";
    }
  };
  if (call.has_flag("v")) append(columns);
  for (const auto& row : rows) append(row);
  return {.body = std::move(text), .is_text = true};
}

}  // namespace fw::capture::elastic
