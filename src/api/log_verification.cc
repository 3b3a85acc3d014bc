#include "api/log_verification.h"

#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "base/log.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kBetweenLines = std::chrono::seconds(1);

net::Response one_at_a_time() {
  auto response = net::error_response(unavailable("the log store is being checked already; wait for the end of that"));
  response.headers.add("Retry-After", "60");
  return response;
}

Task<Status> write_line(net::ResponseWriter& out, Json line, Deadline deadline) {
  co_return co_await out.write(dump(line) + '\n', deadline);
}

Task<Status> check(logstore::Verification& verification, Pool& disk, net::ResponseWriter& out, Deadline deadline) {
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/x-ndjson");
  FW_CO_TRY(co_await out.start(std::move(head), deadline));
  const SystemClock clock;
  Instant told = clock.instant();
  while (true) {
    FW_CO_TRY(deadline.check("checking the log store"));
    const auto goes_on = co_await run_on(disk, [&verification] { return verification.step(); });
    if (!goes_on.ok()) {
      log_warning("api", "a check of the log store broke off", {{"error", goes_on.error().message}});
      FW_CO_TRY(co_await write_line(out, {{"detail", goes_on.error().message}}, deadline));
      co_return co_await out.finish(deadline);
    }
    if (!*goes_on) break;
    if (clock.instant() - told < kBetweenLines) continue;
    told = clock.instant();
    FW_CO_TRY(co_await write_line(out, {{"records", verification.found().records}, {"is_done", false}}, deadline));
  }
  Json line = verified_json(verification.found());
  line["is_done"] = true;
  FW_CO_TRY(co_await write_line(out, std::move(line), deadline));
  co_return co_await out.finish(deadline);
}

}  // namespace

Json verified_json(const logstore::Verified& verified) {
  Json faults = Json::object();
  for (const auto& [what, count] : verified.faults) faults[what] = count;
  Json first = Json::array();
  for (const auto& fault : verified.first_faults) first.push_back({{"fault", fault.what}, {"where", fault.where}});
  return {{"checked", verified.checked},     {"records", verified.records},     {"bytes", verified.bytes},
          {"expired", verified.expired},     {"workloads", verified.workloads}, {"faults", std::move(faults)},
          {"first_faults", std::move(first)}};
}

void LogVerificationResource::add_to(net::Router& router) {
  router.on_stream(
      net::Method::kGet, "/api/log/verification",
      [this](net::IncomingRequest& request, net::PathParams, net::ResponseWriter& out) { return send(request, out); });
}

Task<void> LogVerificationResource::send(net::IncomingRequest& request, net::ResponseWriter& out) {
  const Pool::Counted place(checks_);
  if (checks_ > 1) {
    (void)co_await out.send(one_at_a_time(), request.deadline);
    co_return;
  }
  const auto verification = co_await run_if_room(disk_, [this] { return log_.verification(); });
  if (!verification.ok()) {
    (void)co_await out.send(net::error_response(verification.error()), request.deadline);
    co_return;
  }
  (void)co_await check(**verification, disk_, out, request.deadline);
}

}  // namespace fw::api
