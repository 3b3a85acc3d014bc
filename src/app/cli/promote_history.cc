#include "app/cli/promote_history.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/terminal.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kArea = "promotion.";

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

/// What happened to these proposals, oldest first.
Result<std::vector<Json>> steps_of(const std::vector<Json>& proposals, ApiClient& client) {
  std::vector<Json> steps;
  for (const Json& proposal : proposals) {
    FW_ASSIGN(const Json page,
              client.get("/api/promotions/" + net::percent_encode(proposal.value("id", std::string())) + "/history"));
    for (const Json& entry : page.value("entries", Json::array())) {
      if (text(entry, "action").starts_with(kArea)) steps.push_back(entry);
    }
  }
  std::ranges::sort(steps, {}, [](const Json& step) { return step.value("number", std::uint64_t{0}); });
  return steps;
}

std::string line_of(const Json& step) {
  const std::string action = text(step, "action").substr(kArea.size());
  const std::string reason = text(step, "reason");
  return text(step, "at").substr(0, 19) + "Z  " + text(step, "subject") + "  " + action + "  by " +
         text(step, "person") + (reason.empty() ? "" : ": " + reason);
}

bool is_wanted(const HistoryOptions& options, const Json& proposal) {
  return (options.proposal.empty() || text(proposal, "id") == options.proposal) &&
         (options.workload.empty() || text(proposal, "workload_id") == options.workload);
}

bool is_on_traffic(const Json& proposal) {
  const std::string stage = text(proposal, "stage");
  return stage == "shadow" || stage == "canary" || stage == "live";
}

std::string share_of(const Json& proposal) {
  char out[64];
  std::snprintf(out, sizeof out, "%.3g %%", 100 * proposal.value("share", 0.0));
  return out;
}

/// The last step that brought it where it stood.
std::optional<Json> step_to(const Json& proposal, const std::vector<Json>& steps) {
  std::optional<Json> last;
  for (const Json& step : steps) {
    if (text(step, "subject") != text(proposal, "id")) continue;
    if (text(step, "at") <= text(proposal, "changed_at")) last = step;
  }
  return last;
}

void print_answerer(const Json& p, const std::vector<Json>& steps, Terminal& out) {
  out.line(out.styled(Style::kBold, text(p, "workload_id") + " of " + text(p, "client_id")) + ": " +
           text(p, "model_name") + ", " + text(p, "variant") + ", in " + text(p, "stage") + ", answered " +
           share_of(p));
  if (const auto step = step_to(p, steps)) out.line("  let in: " + line_of(*step));
  std::string signers;
  for (const Json& signature : p.value("signatures", Json::array())) {
    signers += (signers.empty() ? "" : ", ") + text(signature, "person");
  }
  out.line("  proposed by " + text(p, "proposer") + ", signed by " + (signers.empty() ? "nobody" : signers));
  out.line("  evidence: job " + text(p, "job_id") + ", report " + text(p.value("digests", Json::object()), "report"));
}

int answerers(const HistoryOptions& options, ApiClient& client) {
  const auto answer = client.get("/api/promotions?at=" + net::percent_encode(options.at));
  if (!answer.ok()) return fail(answer.error());
  std::vector<Json> shown;
  for (const Json& proposal : answer->value("promotions", Json::array())) {
    if (is_wanted(options, proposal) && is_on_traffic(proposal)) shown.push_back(proposal);
  }
  const auto steps = steps_of(shown, client);
  if (!steps.ok()) return fail(steps.error());
  Terminal out(1);
  if (!options.json) {
    for (const Json& proposal : shown) print_answerer(proposal, *steps, out);
  }
  if (options.json) std::cout << Json{{"promotions", shown}}.dump(2) << '\n';
  if (!options.json && shown.empty()) out.line("production alone answered: no promoted model was on traffic then");
  return 0;
}

}  // namespace

int promote_history(const HistoryOptions& options, const std::string& server) {
  ApiClient client(server);
  if (!options.at.empty()) return answerers(options, client);
  const auto proposals = client.get("/api/promotions");
  if (!proposals.ok()) return fail(proposals.error());
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
