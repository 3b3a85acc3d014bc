#include "api/log_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "api/waiting.h"
#include "base/log.h"
#include "io/file.h"
#include "logstore/awaitable_log_store.h"
#include "record/provenance_names.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

/// `log-2026-11-27T030405.123456`.
std::string backup_name(Timestamp now) {
  std::string name = "log-" + to_iso8601(now);
  std::erase(name, ':');
  return name;
}

}  // namespace

LogStoreResource::LogStoreResource(logstore::LogStore& log, Pool& disk, const Clock& clock,
                                   std::filesystem::path backups)
    : log_(log), disk_(disk), clock_(clock), backups_(std::move(backups)) {}

void LogStoreResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/log/stats", [this](net::Call call) { return stats(std::move(call)); });
  router.on(net::Method::kPost, "/api/log/backups", [this](net::Call call) { return back_up(std::move(call)); });
}

Task<Result<net::Response>> LogStoreResource::stats(net::Call call) {
  FW_CO_ASSIGN(const auto counts, co_await logstore::AwaitableLogStore(log_, disk_).counts(call.deadline));
  Json rows = Json::array();
  for (const auto& one : counts) {
    rows.push_back({{"workload_id", *one.workload},
                    {"client_id", *one.client},
                    {"origin", record::to_string(one.origin)},
                    {"ending", record::to_string(one.ending)},
                    {"records", one.records}});
  }
  Json body{{"counts", std::move(rows)}};
  FW_CO_ASSIGN(const auto left_out, co_await run_if_room(disk_, [&] { return log_.left_out({}); }));
  for (const auto& [reason, documents] : left_out) body["left_out"][reason] = documents;
  add_waiting(body, log_, clock_.now());
  co_return answer(200, body);
}

Task<Result<net::Response>> LogStoreResource::back_up(net::Call) {
  const auto folder = backups_ / backup_name(clock_.now());
  FW_CO_TRY(co_await run_if_room(disk_, [&]() -> Status {
    FW_TRY(io::create_folders(backups_));
    return log_.backup(folder);
  }));
  log_info("api", "log store copied", {{"folder", folder.string()}});
  co_return answer(200, {{"folder", folder.string()}});
}

}  // namespace fw::api
