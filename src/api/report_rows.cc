#include "api/report_rows.h"

#include <nlohmann/json.hpp>
#include <span>

#include "api/answer.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

/// Of the rows whose contents the report holds, in its order.
std::vector<record::RecordId> records_of(const std::string& report) {
  std::vector<record::RecordId> ids;
  const Json read = Json::parse(report, nullptr, /*allow_exceptions=*/false);
  const Json::json_pointer where("/divergent_rows/rows");
  if (read.is_discarded() || !read.contains(where)) return ids;
  for (const Json& row : read.at(where)) {
    if (auto id = row.value("record_id", ""); !id.empty()) ids.push_back(record::RecordId::from_stored(std::move(id)));
  }
  return ids;
}

}  // namespace

Result<std::set<std::string>> still_logged(logstore::LogStore& log, const std::vector<record::RecordId>& ids) {
  std::set<std::string> found;
  for (std::span<const record::RecordId> left(ids); !left.empty();) {
    FW_ASSIGN(const auto some, log.find_batch(left));
    if (some.empty()) return unavailable("the log store does not find record " + *left.front());
    for (const auto& record : some) {
      if (record) found.insert(*record->id);
    }
    left = left.subspan(some.size());
  }
  return found;
}

void ReportRowsResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/api/jobs/{id}/report/gone", [this](net::Call call) { return gone(std::move(call)); });
}

Task<Result<net::Response>> ReportRowsResource::gone(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_ASSIGN(const std::string report, co_await runs_.report(id));
  auto body = co_await run_if_room(disk_, [&]() -> Result<Json> {
    const auto ids = records_of(report);
    FW_ASSIGN(const auto logged, still_logged(log_, ids));
    Json gone = Json::array();
    for (const auto& record : ids) {
      if (!logged.contains(*record)) gone.push_back(*record);
    }
    return Json{{"record_ids", std::move(gone)}};
  });
  if (!body.ok()) co_return body.error();
  co_return answer(200, *body);
}

}  // namespace fw::api
