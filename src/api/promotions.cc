#include "api/promotions.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/access.h"
#include "api/answer.h"
#include "api/audit.h"
#include "api/request_body.h"
#include "api/routes.h"
#include "base/hash.h"
#include "capture/timestamp.h"
#include "promotion/evidence.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
using promotion::Action;
using promotion::Proposal;

constexpr std::size_t kMostSteps = 1000;  // of one proposal's history: the last ones
constexpr std::size_t kMaxReason = 4096;
constexpr const char* kItself = "flywheel";  // who takes the signatures of other bytes

/// As it is counted now; else as it was kept with the last step.
Json progress_json(const std::optional<promotion::CanaryProgress>& now, const Proposal& p) {
  if (now) return Json::parse(promotion::to_json(*now));
  Json kept = Json::parse(p.figures, nullptr, /*allow_exceptions=*/false);
  if (!kept.is_object()) return nullptr;
  // What has ended waits for nothing.
  if (promotion::is_ended(p.stage)) kept["missing"] = 0;
  return kept;
}

/// What `at` asks about: a moment, or the part of a day or a month that is over.
struct AskedTime {
  Timestamp from;
  Timestamp to;
};

bool are_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The first moments of a month and of the next, where `at` names one (`2026-01`).
std::optional<std::pair<Timestamp, Timestamp>> month_of(std::string_view at) {
  if (at.size() != 7 || at[4] != '-' || !are_digits(at.substr(0, 4)) || !are_digits(at.substr(5))) return std::nullopt;
  const int year = std::stoi(std::string(at.substr(0, 4))), month = std::stoi(std::string(at.substr(5)));
  const auto first = std::chrono::year(year) / month;
  if (year < 1970 || year > 2261 || !first.ok()) return std::nullopt;
  const auto begin_of = [](std::chrono::year_month one) { return Timestamp(std::chrono::sys_days(one / 1)); };
  return std::pair(begin_of(first), begin_of(first + std::chrono::months(1)));
}

/// How long what `at` names is: a date without a time is a day, as `2026-01-15`, `20260115` (as epoch seconds of the
/// year 1970, when nothing was decided), or a week, as `2026-W03`; all else a moment, to the microsecond, as times are
/// shown.
Duration length_of(std::string_view at) {
  const bool is_compact = at.size() == 8 && are_digits(at) && (at.starts_with("19") || at.starts_with("20"));
  const bool is_date = is_compact || (at.find('-') != at.npos && at.find_first_of("Tt: ") == at.npos);
  if (!is_date) return std::chrono::microseconds(1);
  const bool is_week = at.size() == std::string_view("2026-W03").size() && at.substr(4, 2) == "-W";
  return std::chrono::hours(24) * (is_week ? 7 : 1);
}

Result<AskedTime> asked_time(std::string_view at) {
  const auto month = month_of(at);
  const auto from = month ? std::optional(month->first) : capture::parse_timestamp(at);
  if (!from) {
    return invalid_argument("at is no time: epoch seconds or ISO-8601, a date or a month alone for the whole of it");
  }
  const Timestamp now = SystemClock().now();
  if (*from > now) {
    return invalid_argument("at is in the future: the time here is " + to_iso8601(now).substr(0, 19) + "Z" +
                            ", and who will answer then is not decided");
  }
  const Timestamp end = month ? month->second : *from + length_of(at);
  return AskedTime{*from, std::min(end - std::chrono::nanoseconds(1), now)};
}

Json signatures_json(const Proposal& p) {
  Json signatures = Json::array();
  for (const auto& s : p.signatures) signatures.push_back({{"person", s.person}, {"at", to_iso8601(s.at)}});
  return signatures;
}

Json span_json(const promotion::Promotions::Span& span) {
  const audit::Event& step = span.step.event;
  const Proposal& p = span.proposal;
  const Json figures = Json::parse(p.figures, nullptr, /*allow_exceptions=*/false);
  return {{"stage", promotion::to_string(p.stage)},
          {"share", p.share},
          {"shadow", p.shadow},
          {"from", to_iso8601(span.from)},
          {"until", span.until ? Json(to_iso8601(*span.until)) : Json()},
          {"action", step.action},
          {"person", step.person},
          {"reason", step.reason},
          {"entry", span.step.number},
          {"signatures", signatures_json(p)},
          {"digests", p.candidate.digests},
          {"figures", figures.is_object() ? figures : Json()}};
}

/// 409 where the proposal stands elsewhere, 403 where another person has to do it: 401 is for who is not signed in.
net::Response refused(const Error& error) {
  if (error.code == ErrorCode::kFailedPrecondition) return net::detail_response(409, error.message);
  if (error.code == ErrorCode::kUnauthorized) return net::detail_response(403, error.message);
  return net::error_response(error);
}

Json summary_json(const promotion::PairSummary& sum) {
  return {{"pairs", sum.pairs},
          {"answered", sum.answered},
          {"compared", sum.compared},
          {"score", sum.score},
          {"candidate_seconds", {{"p50", sum.candidate_p50}, {"p95", sum.candidate_p95}}},
          {"other_seconds", {{"p50", sum.other_p50}, {"p95", sum.other_p95}}}};
}

/// The registry's entry of a proposal: what this machine serves, and how it does.
Json served_json(const promotion::ServedModel& s, const std::optional<promotion::Hosted>& hosted) {
  Json out{{"base", s.base},
           {"adapter", s.adapter.empty() ? Json(nullptr) : Json(s.adapter)},
           {"keep_layers", s.keep_layers.empty() ? Json(nullptr) : Json(s.keep_layers)},
           {"context_length", s.context_length},
           {"chat_template", s.chat_template.empty() ? Json(nullptr) : Json(s.chat_template)},
           {"enable_thinking", s.enable_thinking},
           {"engine", nullptr}};
  if (!hosted) return out;
  out["engine"] = {{"state", promotion::to_string(hosted->stage)},
                   {"failures", hosted->failures},
                   {"hangs", hosted->hangs},
                   {"why", hosted->why.empty() ? Json(nullptr) : Json(hosted->why)},
                   {"description", hosted->description.empty() ? Json(nullptr) : Json(hosted->description)}};
  return out;
}

/// The `revision` of the proposal that whoever acts has seen; nothing: it is not said.
std::optional<std::uint64_t> seen_revision(const Json& body, std::vector<FieldProblem>& problems) {
  const auto found = body.find("revision");
  if (found == body.end() || found->is_null()) return std::nullopt;
  if (found->is_number_unsigned()) return found->get<std::uint64_t>();
  problems.push_back({"int_type", {"body", "revision"}, "is not the revision of a proposal", nullptr});
  return std::nullopt;
}

/// Onto traffic, or further on it.
bool leads_on(Action action) {
  return action == Action::kStartShadow || action == Action::kStartCanary || action == Action::kAdvance ||
         action == Action::kGoLive;
}

Result<std::uint64_t> number_of(const net::QueryParams& query, const char* name, std::uint64_t otherwise,
                                std::uint64_t most) {
  const auto text = query.find(name);
  if (!text) return otherwise;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size() && number <= most) return number;
  return invalid_argument(std::string(name) + " must be a number up to " + std::to_string(most));
}

}  // namespace

Status check_not_served(const promotion::Promotions& promotions, const runs::JobId& job) {
  for (const Proposal& p : promotions.all()) {
    // What an upstream serves needs the job's evidence for as long as it is asked: gates and people lead it on by that.
    const bool rests_on_it = p.candidate.served ? !promotion::is_ended(p.stage) : promotion::touches_traffic(p.stage);
    if (p.candidate.job != *job || !rests_on_it) continue;
    return failed_precondition("proposal " + p.id + " is " + std::string(promotion::to_string(p.stage)) +
                               " and serves what this job made; reject it, roll it back or retire it first");
  }
  return {};
}

void PromotionsResource::add_to(net::Router& router) {
  using net::Call;
  using net::Method;
  router.on(Method::kGet, "/api/promotions", [this](Call call) { return list(std::move(call)); });
  router.on(Method::kPost, "/api/promotions", [this](Call call) { return propose(std::move(call)); });
  router.on(Method::kGet, "/api/promotions/{id}", [this](Call call) { return detail(std::move(call)); });
  router.on(Method::kGet, "/api/promotions/{id}/pairs", [this](Call call) { return pairs(std::move(call)); });
  router.on(Method::kGet, "/api/promotions/{id}/history", [this](Call call) { return history(std::move(call)); });
  router.on(Method::kGet, "/api/promotions/{id}/engine_log", [this](Call call) { return engine_log(std::move(call)); });
  router.on(Method::kPost, "/api/promotions/{id}/{action}", [this](Call call) { return act(std::move(call)); });
}

std::uint64_t PromotionsResource::revision() const {
  std::vector<Proposal> open = parts_.promotions.all();
  const std::size_t count = open.size();
  std::erase_if(open, [](const Proposal& p) { return promotion::is_ended(p.stage); });
  const std::string state = dump(proposals_json(open));
  return hash64(std::to_string(count) + state);
}

Json PromotionsResource::past_json(const std::vector<promotion::Promotions::Span>& spans) const {
  std::vector<const Proposal*> order;
  std::map<std::string_view, std::pair<const Proposal*, Json>> all;  // as each stood last, and all that it was
  for (const auto& span : spans) {
    auto& [last, during] = all[span.proposal.id];
    if (last == nullptr) order.push_back(&span.proposal);
    last = &span.proposal;
    during.push_back(span_json(span));
  }
  Json list = Json::array();
  for (const Proposal* first : order) {
    auto& [last, during] = all.at(first->id);
    Json one = proposal_json(*last, /*is_past=*/true);
    one["during"] = std::move(during);
    list.push_back(std::move(one));
  }
  return list;
}

Task<Result<net::Response>> PromotionsResource::list(net::Call call) {
  const auto at = call.query.find("at");
  if (!at) co_return answer(200, proposals_json(parts_.promotions.all()));
  FW_CO_ASSIGN(const AskedTime time, asked_time(*at));
  const auto spans = co_await run_on(disk_, [&] { return parts_.promotions.between(time.from, time.to); });
  co_return answer(200, {{"from", to_iso8601(time.from)},
                         {"to", to_iso8601(time.to)},
                         {"promotions", past_json(spans)},
                         {"routes", noted_routes(parts_.audit, time.from, time.to)}});
}

Task<Result<net::Response>> PromotionsResource::detail(net::Call call) {
  const auto proposal = parts_.promotions.find(call.params.at("id"));
  if (!proposal) co_return not_found("there is no proposal " + call.params.at("id"));
  if (const auto at = call.query.find("at")) {
    FW_CO_ASSIGN(const AskedTime time, asked_time(*at));
    auto spans = co_await run_on(disk_, [&] { return parts_.promotions.between(time.from, time.to); });
    std::erase_if(spans, [&](const auto& span) { return span.proposal.id != proposal->id; });
    if (!spans.empty()) co_return answer(200, past_json(spans)[0]);
    co_return not_found("there was no proposal " + proposal->id + " yet at " + to_iso8601(time.to) +
                        "; it was made at " + to_iso8601(proposal->created_at));
  }
  Json json = proposal_json(*proposal);
  json["pairs"] = summary_json(co_await run_on(disk_, [&] { return parts_.pairs.summary(proposal->id); }));
  co_return answer(200, json);
}

Task<Result<net::Response>> PromotionsResource::pairs(net::Call call) {
  const std::string id = call.params.at("id");
  if (!parts_.promotions.find(id)) co_return not_found("there is no proposal " + id);
  FW_CO_ASSIGN(const std::uint64_t limit, number_of(call.query, "limit", 100, promotion::PairLog::kMostShown));
  const auto pairs = co_await run_on(disk_, [&] { return parts_.pairs.recent(id, limit); });
  Json list = Json::array();
  for (const auto& pair : pairs) {
    Json one = Json::parse(promotion::to_json(pair));
    one["at"] = to_iso8601(pair.at);
    list.push_back(std::move(one));
  }
  co_return answer(200, {{"pairs", std::move(list)}});
}

Task<Result<net::Response>> PromotionsResource::history(net::Call call) {
  const std::string id = call.params.at("id");
  if (!parts_.promotions.find(id)) co_return not_found("there is no proposal " + id);
  auto entries = co_await run_on(disk_, [&] { return parts_.audit.newest(UINT64_MAX, kMostSteps, id); });
  std::ranges::reverse(entries);
  co_return answer(200, {{"entries", audit_entries_json(entries)}});
}

Task<Result<net::Response>> PromotionsResource::engine_log(net::Call call) {
  const std::string id = call.params.at("id");
  const auto proposal = parts_.promotions.find(id);
  if (!proposal) co_return not_found("there is no proposal " + id);
  Json engines = Json::array();
  if (proposal->candidate.served && parts_.engine_words) {
    const auto words = co_await run_on(disk_, [&] { return parts_.engine_words(*proposal); });
    const bool has_run = words.is_running || !words.lines.empty();
    if (has_run) engines.push_back({{"is_running", words.is_running}, {"lines", words.lines}});
  }
  co_return answer(200, {{"engines", std::move(engines)}});
}

Json PromotionsResource::proposal_json(const Proposal& p, bool is_past) const {
  const auto& c = p.candidate;
  Json served;
  if (c.served) {
    served = served_json(parts_.present_files ? parts_.present_files(c) : *c.served,
                         parts_.host == nullptr ? std::nullopt : parts_.host->find(p.id));
  }
  const std::string trouble = parts_.trouble_of ? parts_.trouble_of(p.id) : "";
  return {{"id", p.id},
          {"stage", promotion::to_string(p.stage)},
          {"step", p.step},
          {"share", p.share},
          {"shadow", p.shadow},
          {"workload_id", c.workload},
          {"client_id", c.client},
          {"job_id", c.job},
          {"model_name", c.model},
          {"variant", c.variant},
          {"upstream", c.served ? Json(nullptr) : Json(c.upstream)},
          {"served_model", c.served_model},
          {"served_here", std::move(served)},
          {"digest", promotion::digest_of(c.digests)},
          {"digests", c.digests},
          {"proposer", p.proposer},
          {"signatures", signatures_json(p)},
          {"signatures_needed", parts_.promotions.signatures_needed(p)},
          {"created_at", to_iso8601(p.created_at)},
          {"changed_at", to_iso8601(p.changed_at)},
          {"reason", p.reason},
          {"revision", p.revision},
          {"trouble", trouble.empty() ? Json(nullptr) : Json(trouble)},
          {"progress", progress_json(is_past ? std::nullopt : parts_.watch.progress(p.id), p)}};
}

Json PromotionsResource::proposals_json(const std::vector<Proposal>& proposals) const {
  Json list = Json::array();
  for (const auto& p : proposals) list.push_back(proposal_json(p));
  return {{"promotions", std::move(list)}};
}

Status PromotionsResource::check_route(const std::string& id, Action action) const {
  const auto proposal = leads_on(action) ? parts_.promotions.find(id) : std::nullopt;
  if (!proposal) return {};
  const auto checked = check_upstream(proposal->candidate.upstream);
  return checked.ok() ? checked : failed_precondition(checked.error().message);
}

Task<Status> PromotionsResource::check_bytes(std::string id, Action action) {
  const auto proposal = parts_.promotions.find(id);
  const bool rests_on_bytes = action == Action::kSign || leads_on(action);
  if (!parts_.present_digests || !rests_on_bytes || !proposal) co_return Status{};
  if (!promotion::next_stage(proposal->stage, action).ok()) co_return Status{};  // refused for that
  const auto present = co_await parts_.present_digests(proposal->candidate);
  if (!present.ok()) co_return failed_precondition("what is proposed cannot be read: " + present.error().message);
  const std::string changed = promotion::names_of_changed(proposal->candidate.digests, *present);
  if (changed.empty()) co_return Status{};
  const std::string why = "not what was proposed any more: " + changed;
  FW_CO_TRY(co_await run_on(disk_, [&] { return parts_.promotions.change(id, *present, kItself, why); }));
  co_return failed_precondition(why + (promotion::touches_traffic(proposal->stage)
                                           ? "; it was rolled back"
                                           : "; its signatures are gone: look at it again, and have it signed anew"));
}

Status PromotionsResource::check_new(const promotion::Candidate& candidate) const {
  if (!parts_.is_production || candidate.upstream.empty() || !parts_.is_production(candidate)) return {};
  return invalid_argument("upstream \"" + candidate.upstream +
                          "\" is what answers this workload today, so there is nothing to promote; name the upstream "
                          "that serves the candidate, or the model that it is to be asked for (served_model, --model)");
}

Status PromotionsResource::check_room(const std::string& id, Action action) const {
  if (parts_.host == nullptr || (action != Action::kStartShadow && action != Action::kStartCanary)) return {};
  const auto proposal = parts_.promotions.find(id);
  const bool is_new = proposal && proposal->candidate.served && !promotion::touches_traffic(proposal->stage);
  return is_new ? parts_.host->room_for_one_more() : Status{};
}

Status PromotionsResource::check_upstream(const std::string& name) const {
  if (name.empty()) {
    if (!parts_.upstreams.empty()) return {};
    return failed_precondition(
        "there is no gateway whose requests a promoted model could answer: configure "
        "gateway.upstreams with where requests go today");
  }
  if (std::ranges::find(parts_.upstreams, name) != parts_.upstreams.end()) return {};
  std::string known;
  for (const auto& upstream : parts_.upstreams) known += (known.empty() ? "" : ", ") + upstream;
  return invalid_argument("the gateway has no upstream \"" + name + "\" that could answer as the candidate; " +
                          (known.empty() ? "gateway.upstreams is empty" : "it has " + known));
}

Task<Result<net::Response>> PromotionsResource::propose(net::Call call) {
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  const std::string job = required_text(body, "job_id", problems), person = acting_person(call, body, problems);
  const std::string model = optional_text(body, "model_name", kMaxReason, problems),
                    variant = optional_text(body, "variant", kMaxReason, problems),
                    served = optional_text(body, "served_model", kMaxReason, problems),
                    upstream = optional_text(body, "upstream", kMaxReason, problems),
                    reason = optional_text(body, "reason", kMaxReason, problems);
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_TRY(check_upstream(upstream));
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(job));
  FW_CO_ASSIGN(const auto report, co_await runs_.signed_report(id));
  auto candidate = co_await run_on(disk_, [&]() -> Result<promotion::Candidate> {
    FW_ASSIGN(auto named, upstream.empty()
                              ? promotion::served_candidate_of_report(report.text, model, variant, report.as_written)
                              : promotion::candidate_of_report(report.text, model, variant, report.as_written));
    named.upstream = upstream;
    named.served_model = served;
    return named;
  });
  if (!candidate.ok()) co_return candidate.error();
  FW_CO_TRY(check_new(*candidate));
  if (!upstream.empty() && parts_.upstream_digests) {
    if (auto digests = parts_.upstream_digests(*candidate)) candidate->digests.merge(*digests);
  }
  if (parts_.present_digests) {
    FW_CO_ASSIGN(const auto present, co_await parts_.present_digests(*candidate));
    const std::string others = promotion::names_of_changed(candidate->digests, present);
    if (!others.empty()) co_return failed_precondition("not what the job's report names any more: " + others);
  }
  auto proposal =
      co_await run_on(disk_, [&] { return parts_.promotions.propose(*std::move(candidate), person, reason); });
  if (!proposal.ok()) co_return proposal.error();
  co_return answer(201, proposal_json(*proposal));
}

Task<Result<net::Response>> PromotionsResource::act(net::Call call) {
  const auto action = promotion::action_of(call.params.at("action"));
  if (!action || *action == Action::kPropose || *action == Action::kChange) {
    co_return not_found("a proposal has no step " + call.params.at("action"));
  }
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  const std::string person = acting_person(call, body, problems);
  const std::string digest = *action == Action::kSign ? required_text(body, "digest", problems) : std::string();
  const std::string reason = optional_text(body, "reason", kMaxReason, problems);
  const promotion::Seen seen{.revision = seen_revision(body, problems), .is_by_hand = true};
  if (!problems.empty()) co_return unprocessable(problems);
  const std::string& id = call.params.at("id");
  FW_CO_TRY(check_route(id, *action));
  FW_CO_TRY(check_room(id, *action));
  if (const auto bytes = co_await check_bytes(id, *action); !bytes.ok()) co_return refused(bytes.error());
  auto proposal = co_await run_on(disk_, [&] {
    return *action == Action::kSign ? parts_.promotions.sign(id, digest, person, reason)
                                    : parts_.promotions.act(id, *action, person, reason, seen);
  });
  if (!proposal.ok()) co_return refused(proposal.error());
  co_return answer(200, proposal_json(*proposal));
}

}  // namespace fw::api
