#include "api/discovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/access.h"
#include "api/answer.h"
#include "api/request_body.h"
#include "capture/gateway/label_rule.h"
#include "discovery/discovery_json.h"
#include "discovery/labelled_log_store.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
using discovery::Desk;

constexpr Duration kSlice = std::chrono::seconds(2);

const char* name_of(Desk::Phase phase) {
  switch (phase) {
    case Desk::Phase::kNone: return "none";
    case Desk::Phase::kRunning: return "running";
    case Desk::Phase::kDone: return "done";
    case Desk::Phase::kFailed: return "failed";
    case Desk::Phase::kCancelled: return "cancelled";
  }
  return "none";
}

/// The name of something, which may be absent; empty then.
std::string optional_name(const Json& body, const char* field, std::vector<FieldProblem>& problems) {
  if (!body.contains(field) || body[field].is_null()) return {};
  return required_text(body, field, problems);
}

std::vector<std::string> names_in(const Json& body, std::vector<FieldProblem>& problems) {
  std::vector<std::string> names;
  const auto at = body.find("names");
  if (at == body.end() || !at->is_array() || at->empty() || !std::ranges::all_of(*at, &Json::is_string)) {
    problems.push_back({"list_type", {"body", "names"}, "Input should be a list of names that were proposed"});
    return names;
  }
  return at->get<std::vector<std::string>>();
}

Json rules_json(const std::vector<capture::LabelRule>& rules) {
  Json out = Json::array();
  for (const auto& rule : rules) out.push_back(discovery::to_json(rule));
  return out;
}

}  // namespace

void DiscoveryResource::add_to(net::Router& router) {
  using net::Call;
  using net::Method;
  router.on(Method::kGet, "/api/workloads/discovery", [this](Call call) { return show(std::move(call)); });
  router.on(Method::kPost, "/api/workloads/discovery", [this](Call call) { return start(std::move(call)); });
  router.on(Method::kDelete, "/api/workloads/discovery", [this](Call call) { return cancel(std::move(call)); });
  router.on(Method::kGet, "/api/workloads/accepted", [this](Call call) { return list(std::move(call)); });
  router.on(Method::kPost, "/api/workloads/accepted", [this](Call call) { return accept(std::move(call)); });
  router.on(Method::kPost, "/api/workloads/accepted/apply", [this](Call call) { return apply(std::move(call)); });
  router.on(Method::kDelete, "/api/workloads/accepted/{workload_id}",
            [this](Call call) { return forget(std::move(call)); });
}

net::Response DiscoveryResource::state_answer(int status) const {
  const auto state = desk_.state();
  Json body{{"status", name_of(state->phase)},
            {"workload_id", state->source.empty() ? Json(nullptr) : Json(state->source)},
            {"records_total", state->records},
            {"records_compared", state->progress.learned},
            {"records_counted", state->progress.counted},
            {"error", state->error.empty() ? Json(nullptr) : Json(state->error)},
            {"found", nullptr}};
  if (state->found) body["found"] = discovery::to_json(*state->found);
  return answer(status, body);
}

Task<Result<net::Response>> DiscoveryResource::show(net::Call) { co_return state_answer(200); }

Task<Result<net::Response>> DiscoveryResource::start(net::Call call) {
  Json body = Json::object();
  std::vector<FieldProblem> problems;
  if (!call.request.body.empty() && !parse_object(call.request.body, body, problems)) {
    co_return unprocessable(problems);
  }
  const std::string workload = optional_name(body, "workload_id", problems);
  const std::string client = optional_name(body, "client_id", problems);
  if (!problems.empty()) co_return unprocessable(problems);
  Desk::Request request{.source = {}, .client = {}, .settings = {}};
  FW_CO_ASSIGN(request.source, record::WorkloadId::parse(workload.empty() ? desk_.rules().untagged() : workload));
  if (!client.empty()) {
    FW_CO_ASSIGN(request.client, record::ClientId::parse(client));
  }
  FW_CO_TRY(desk_.start(std::move(request)));
  co_return state_answer(202);
}

Task<Result<net::Response>> DiscoveryResource::cancel(net::Call) {
  desk_.stop();
  co_return state_answer(200);
}

Task<Result<net::Response>> DiscoveryResource::list(net::Call) {
  Json sources = Json::array();
  const auto rules = desk_.rules().get();
  for (const auto& [source, list] : *rules) {
    if (!list.empty()) sources.push_back({{"workload_id", source}, {"rules", rules_json(list)}});
  }
  co_return answer(200, {{"accepted", std::move(sources)}});
}

Status DiscoveryResource::note(const net::Call& call, const char* action, const std::string& subject,
                               const std::string& details) const {
  if (audit_ == nullptr) return {};
  FW_ASSIGN([[maybe_unused]] const auto entry,
            audit_->append({.person = person_of(call, "whoever reaches the control API"),
                            .action = action,
                            .subject = subject,
                            .reason = "",
                            .details = details}));
  return {};
}

Task<Result<net::Response>> DiscoveryResource::accept(net::Call call) {
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  const auto names = names_in(body, problems);
  const std::string as = optional_name(body, "as", problems);
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_ASSIGN(const auto rules, co_await run_on(disk_, [&]() -> Result<std::vector<capture::LabelRule>> {
                 FW_TRY(check_audit());
                 FW_ASSIGN(auto accepted, desk_.accept(names, as));
                 for (const auto& rule : accepted) {
                   FW_TRY(note(call, "workloads.accept", rule.workload, capture::to_json({rule})));
                 }
                 return accepted;
               }));
  co_return answer(200, {{"workload_id", desk_.state()->source}, {"rules", rules_json(rules)}});
}

Task<Result<net::Response>> DiscoveryResource::apply(net::Call call) {
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  const std::string source = required_text(body, "workload_id", problems);
  const std::string token = body.contains("cursor") && body["cursor"].is_string() ? body["cursor"] : "";
  if (!problems.empty()) co_return unprocessable(problems);
  std::optional<logstore::Cursor> after;
  if (!token.empty()) after = logstore::Cursor{token};
  FW_CO_ASSIGN(const auto done, co_await run_on(disk_, [&] {
                 return discovery::relabel_some(desk_.log(), desk_.rules(), source, after, kSlice, call.deadline);
               }));
  co_return answer(200, {{"read", done.read},
                         {"moved", done.moved},
                         {"next_cursor", done.next ? Json(done.next->token) : Json(nullptr)}});
}

Task<Result<net::Response>> DiscoveryResource::forget(net::Call call) {
  const std::string workload = call.params.at("workload_id");
  FW_CO_ASSIGN(const std::size_t removed, co_await run_on(disk_, [&]() -> Result<std::size_t> {
                 FW_TRY(check_audit());
                 FW_ASSIGN(const std::size_t rules, desk_.rules().remove(workload));
                 if (rules == 0) return not_found("no accepted rule names workload " + workload);
                 FW_TRY(note(call, "workloads.forget", workload, "{}"));
                 return rules;
               }));
  co_return answer(200, {{"removed_rules", removed}});
}

}  // namespace fw::api
