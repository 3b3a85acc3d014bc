#include "app/cli/promote_history.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/shown_member.h"
#include "app/cli/terminal.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kArea = "promotion.";

/// What happened to these proposals, oldest first.
Result<std::vector<Json>> steps_of(const std::vector<Json>& proposals, ApiClient& client) {
  std::vector<Json> steps;
  for (const Json& proposal : proposals) {
    FW_ASSIGN(const Json page,
              client.get("/api/promotions/" + net::percent_encode(proposal.value("id", std::string())) + "/history"));
    for (const Json& entry : page.value("entries", Json::array())) {
      if (shown_at(entry, "action").starts_with(kArea)) steps.push_back(entry);
    }
  }
  std::ranges::sort(steps, {}, [](const Json& step) { return step.value("number", std::uint64_t{0}); });
  return steps;
}

std::string line_of(const Json& step) {
  const std::string action = shown_at(step, "action").substr(kArea.size());
  const std::string reason = shown_at(step, "reason");
  return shown_at(step, "at").substr(0, 19) + "Z  " + shown_at(step, "subject") + "  " + action + "  by " +
         shown_at(step, "person") + (reason.empty() ? "" : ": " + reason);
}

bool is_wanted(const HistoryOptions& options, const Json& proposal) {
  return (options.proposal.empty() || shown_at(proposal, "id") == options.proposal) &&
         (options.workload.empty() || shown_at(proposal, "workload_id") == options.workload);
}

bool is_on_traffic(const Json& stage_or_span) {
  const std::string stage = shown_at(stage_or_span, "stage");
  return stage == "shadow" || stage == "canary" || stage == "live";
}

/// Of an ISO time, to the second.
std::string second_of(const Json& object, const char* key) { return shown_at(object, key).substr(0, 19) + "Z"; }

std::string percent(double share) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3g %%", 100 * share);
  return out;
}

/// Of a span that goes on: later than all others.
std::string end_of(const Json& span) {
  const Json until = span.value("until", Json());
  return until.is_string() ? until.get<std::string>() : "9999";
}

/// The canaries of other proposals that stood beside a live one in its span.
struct Canaries {
  std::string names;
  double least = 1, most = 0;        // of their shares
  bool is_there_throughout = false;  // one share, as long as the span is of the time asked for
};

Canaries beside(const Json& proposal, const Json& live, const Json& answer) {
  Canaries found;
  const std::string from = std::max(live.value("from", ""), answer.value("from", ""));
  const std::string to = std::min(end_of(live), answer.value("to", ""));
  for (const Json& other : answer.value("promotions", Json::array())) {
    const bool is_of_the_same = shown_at(other, "workload_id") == shown_at(proposal, "workload_id") &&
                                shown_at(other, "client_id") == shown_at(proposal, "client_id");
    if (!is_of_the_same || shown_at(other, "id") == shown_at(proposal, "id")) continue;
    bool is_beside = false;
    for (const Json& span : other.value("during", Json::array())) {
      const std::string begin = span.value("from", ""), end = end_of(span);
      if (shown_at(span, "stage") != "canary" || begin > to || end <= from) continue;
      const double share = span.value("share", 0.0);
      found.least = std::min(found.least, share);
      found.most = std::max(found.most, share);
      found.is_there_throughout = begin <= from && end > to;
      is_beside = true;
    }
    if (is_beside) found.names += (found.names.empty() ? "" : ", ") + shown_at(other, "id");
  }
  return found;
}

std::string what_it_did(const Json& proposal, const Json& span, const Json& answer) {
  const std::string stage = shown_at(span, "stage");
  if (stage == "shadow") return "in shadow, was sent copies; no client got its answers";
  const double share = span.value("share", 0.0);
  const Canaries canaries = stage == "live" ? beside(proposal, span, answer) : Canaries{};
  if (canaries.names.empty()) return stage + ", answered " + percent(share);
  const std::string rest = percent(1 - canaries.most);
  if (canaries.is_there_throughout) return stage + ", answered " + rest + ", beside the canary " + canaries.names;
  return stage + ", answered what the canary " + canaries.names + " did not, " + rest + " at the least";
}

/// `roll_back by flywheel: why`: who took a step.
std::string step_of(const Json& span) {
  const std::string reason = shown_at(span, "reason"), action = shown_at(span, "action");
  return (action.starts_with(kArea) ? action.substr(kArea.size()) : action) + " by " + shown_at(span, "person") +
         (reason.empty() ? "" : ": " + reason);
}

/// What was counted up to a step; nothing where nothing was.
void print_figures(const Json& span, Terminal& out) {
  const Json figures = span.value("figures", Json());
  if (!figures.is_object()) return;
  out.line("    after " + std::to_string(figures.value("requests", std::uint64_t{0})) + " requests, " +
           std::to_string(figures.value("errors", std::uint64_t{0})) + " errors");
}

void print_answerer(const Json& p, const Json& answer, Terminal& out) {
  out.line(out.styled(Style::kBold, shown_at(p, "workload_id") + " of " + shown_at(p, "client_id")) + ": " +
           shown_at(p, "model_name") + ", " + shown_at(p, "variant") + " (" + shown_at(p, "id") + ")");
  Json then = p;  // as it was let on traffic: what changed its bytes since took its signatures
  bool was_on_traffic = false;
  for (const Json& span : p.value("during", Json::array())) {
    if (!is_on_traffic(span)) {
      if (was_on_traffic) {
        out.line("  " + second_of(span, "from") + ": taken off, " + step_of(span));
        print_figures(span, out);
      }
      was_on_traffic = false;
      continue;
    }
    then = span;
    was_on_traffic = true;
    const bool has_ended = span.value("until", Json()).is_string();
    const std::string times =
        has_ended ? second_of(span, "from") + " to " + second_of(span, "until") : "since " + second_of(span, "from");
    out.line("  " + times + ": " + what_it_did(p, span, answer));
    out.line("    let in: " + step_of(span));
    print_figures(span, out);
  }
  std::string signers;
  for (const Json& signature : then.value("signatures", Json::array())) {
    signers += (signers.empty() ? "" : ", ") + shown_at(signature, "person");
  }
  out.line("  proposed by " + shown_at(p, "proposer") + ", signed by " + (signers.empty() ? "nobody" : signers));
  out.line("  evidence: job " + shown_at(p, "job_id") + ", report " +
           shown_at(then.value("digests", Json::object()), "report"));
}

/// That none of the proposals asked for was on traffic: what that says, and what it does not.
std::string nobody(const HistoryOptions& options) {
  const std::string of_workload = options.workload.empty() ? "" : " of workload " + printable(options.workload);
  if (!options.proposal.empty()) {
    return "proposal " + printable(options.proposal) + of_workload +
           " was not on traffic; others may have been (leave out its id to see who)";
  }
  return "production alone answered" + (options.workload.empty() ? "" : " workload " + printable(options.workload)) +
         ": no promoted model" + of_workload + " was on traffic then";
}

/// Routes lead requests past all promotions.
void print_routes(const Json& answer, Terminal& out) {
  const Json routes = answer.value("routes", Json::array());
  const bool had_any = std::ranges::any_of(routes, [](const Json& one) { return one.value("routes", Json()) != 0; });
  if (!had_any) return;
  out.line("the gateway's routes, which the configuration or the API sets, may have led requests to other models:");
  for (const Json& one : routes) {
    out.line("  " + second_of(one, "at") + ": " + one.value("routes", Json()).dump() + " routes, by " +
             shown_at(one, "person") + ", " + shown_at(one, "reason") + " (" + shown_at(one, "digest") + ")");
  }
}

bool was_on_traffic(const Json& proposal) {
  const Json during = proposal.value("during", Json::array());
  return std::ranges::any_of(during, is_on_traffic);
}

}  // namespace

void print_answerers(const HistoryOptions& options, const Json& answer, Terminal& out) {
  const std::string from = second_of(answer, "from"), to = second_of(answer, "to");
  const std::string when = from == to ? "at " + from : "from " + from + " to " + to;
  bool is_any_shown = false;
  for (const Json& proposal : answer.value("promotions", Json::array())) {
    if (!is_wanted(options, proposal) || !was_on_traffic(proposal)) continue;
    if (!is_any_shown) out.line(when + ", on traffic:");
    is_any_shown = true;
    print_answerer(proposal, answer, out);
  }
  if (!is_any_shown) out.line(when + " " + nobody(options));
  print_routes(answer, out);
}

namespace {

int answerers(const HistoryOptions& options, ApiClient& client) {
  const auto answer = client.get("/api/promotions?at=" + net::percent_encode(options.at));
  if (!answer.ok()) return fail(answer.error());
  if (!options.json) {
    Terminal out(1);
    print_answerers(options, *answer, out);
    return 0;
  }
  std::vector<Json> shown;
  for (const Json& proposal : answer->value("promotions", Json::array())) {
    if (is_wanted(options, proposal) && was_on_traffic(proposal)) shown.push_back(proposal);
  }
  const Json said{{"from", answer->value("from", "")},
                  {"to", answer->value("to", "")},
                  {"promotions", shown},
                  {"routes", answer->value("routes", Json::array())}};
  std::cout << said.dump(2) << '\n';
  return 0;
}

/// Something to tell about: a name that no proposal has is a mistake, not silence.
Status check_known(const HistoryOptions& options, const Json& proposals) {
  if (options.proposal.empty() && options.workload.empty()) return {};
  for (const Json& proposal : proposals.value("promotions", Json::array())) {
    if (is_wanted(options, proposal)) return {};
  }
  const std::string of_workload = options.workload.empty() ? "" : " of workload " + printable(options.workload);
  const std::string id = options.proposal.empty() ? "" : " " + printable(options.proposal);
  return not_found("nothing is known of a proposal" + id + of_workload + "; flywheel promote status lists all");
}

}  // namespace

int promote_history(const HistoryOptions& options, const std::string& server) {
  ApiClient client(server);
  const auto proposals = client.get("/api/promotions");
  if (!proposals.ok()) return fail(proposals.error());
  if (const auto known = check_known(options, *proposals); !known.ok()) return fail(known.error());
  if (!options.at.empty()) return answerers(options, client);
  std::vector<Json> wanted;
  for (const Json& proposal : proposals->value("promotions", Json::array())) {
    if (is_wanted(options, proposal)) wanted.push_back(proposal);
  }
  const auto steps = steps_of(wanted, client);
  if (!steps.ok()) return fail(steps.error());
  Terminal out(1);
  if (!options.json) {
    for (const Json& step : *steps) out.line(line_of(step));
  }
  if (options.json) std::cout << Json{{"entries", *steps}}.dump(2) << '\n';
  if (!options.json && steps->empty()) out.line("nothing has happened to such a proposal");
  return 0;
}

}  // namespace fw::app
