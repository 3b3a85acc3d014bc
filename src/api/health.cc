#include "api/health.h"

#include <nlohmann/json.hpp>

namespace fw::api {
namespace {

Task<Result<net::Response>> alive(net::Call) { co_return net::json_response(200, R"({"status":"ok"})"); }

}  // namespace

HealthResource::HealthResource(std::function<Status()> readiness, FaceReports faces)
    : readiness_(std::move(readiness)), faces_(std::move(faces)) {}

void HealthResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/healthz", alive);
  router.on(net::Method::kGet, "/readyz", [this](net::Call call) { return ready(std::move(call)); });
}

Task<Result<net::Response>> HealthResource::ready(net::Call) {
  if (const Status status = readiness_(); !status.ok()) co_return net::detail_response(503, status.error().message);
  nlohmann::ordered_json json{{"status", "ok"}, {"faces", nlohmann::ordered_json::array()}};
  for (const FaceReport& face : faces_ ? faces_() : std::vector<FaceReport>{}) {
    nlohmann::ordered_json entry{{"name", face.name}};
    if (!face.url.empty()) entry["url"] = face.url;
    if (!face.problem.empty()) entry["problem"] = face.problem;
    for (const auto& [what, count] : face.more) entry[what] = count;
    json["faces"].push_back(std::move(entry));
  }
  co_return net::json_response(200, json.dump());
}

}  // namespace fw::api
