#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/promote_history.h"
#include "app/cli/shown_member.h"
#include "app/cli/terminal.h"
#include "base/percent.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string id;
  std::string job;
  std::string model;
  std::string variant;
  std::string upstream;
  std::string served_model;
  std::string person;
  std::string reason;
  std::string at;
  bool json = false;
};

std::string stage_text(const Json& proposal) {
  const std::string stage = shown_or_dash(proposal, "stage");
  const double share = proposal.value("share", 0.0);
  if (stage != "canary") return stage;
  return stage + " " + percent_as_set(share);
}

std::string signers(const Json& proposal) {
  std::string names;
  for (const auto& signature : proposal.value("signatures", Json::array()))
    names += (names.empty() ? "" : ", ") + shown_or_dash(signature, "person");
  const auto needed = proposal.value("signatures_needed", std::uint64_t{0});
  if (names.empty()) names = "nobody";
  if (needed > 1)
    names += " (" + std::to_string(proposal.value("signatures", Json::array()).size()) + " of " +
             std::to_string(needed) + ")";
  return names;
}

/// What the gates have counted, and how shadowed pairs compare.
void print_gates(const Json& p, Terminal& out) {
  const Json progress = p.value("progress", Json());
  for (const auto& gate : progress.is_object() ? progress.value("gates", Json::array()) : Json::array()) {
    if (gate.value("count", std::uint64_t{0}) == 0) continue;
    out.line("  " + shown_or_dash(gate, "title") + ": " + percent(gate.value("mean", 0.0)) + " of " +
             std::to_string(gate.value("count", std::uint64_t{0})) + ", at most " +
             percent_as_set(gate.value("limit", 0.0)));
  }
  const Json pairs = p.value("pairs", Json());
  if (!pairs.is_object() || pairs.value("pairs", std::uint64_t{0}) == 0) return;
  char line[160];
  std::snprintf(
      line, sizeof line, "  %llu shadowed pairs, %.3g %% the same; 95 %% within %.3g s, the other side %.3g s",
      static_cast<unsigned long long>(pairs.value("pairs", std::uint64_t{0})), 100 * pairs.value("score", 0.0),
      pairs.at("candidate_seconds").value("p95", 0.0), pairs.at("other_seconds").value("p95", 0.0));
  out.line(line);
}

/// By whom it is served: `by upstream small`, `served here: ready, llama-server, F16, ...`.
std::string where_served(const Json& p) {
  const Json served = p.value("served_here", Json());
  if (!served.is_object()) return "by upstream " + shown_or_dash(p, "upstream");
  const Json engine = served.value("engine", Json());
  const std::string stage = shown_or_dash(p, "stage");
  if (!engine.is_object()) {
    if (stage == "retired" || stage == "rolled_back") return "was served here";
    return stage == "rejected" ? "was to be served here" : "served here once it is on traffic";
  }
  const std::string state = shown_or_dash(engine, "state");
  const auto failures = engine.value("failures", std::uint64_t{0});
  const auto hangs = engine.value("hangs", std::uint64_t{0});
  std::string out = "served here: " + state;
  if (state == "ready") out += ", " + shown_or_dash(engine, "description");
  if (failures > 0) out += "; its engine failed " + std::to_string(failures) + (failures == 1 ? " time" : " times");
  if (hangs > 0) out += " (" + std::to_string(hangs) + " of them hung)";
  if (engine.value("why", Json()).is_string())
    out += (state == "ready" ? ", last: " : ": ") + shown_or_dash(engine, "why");
  return out;
}

void print_proposal(const Json& p, Terminal& out) {
  out.line(out.styled(Style::kBold, shown_or_dash(p, "id")) + "  " + stage_text(p));
  out.line("  " + shown_or_dash(p, "model_name") + ", " + shown_or_dash(p, "variant") + ", for " +
           shown_or_dash(p, "workload_id") + " of " + shown_or_dash(p, "client_id"));
  out.line("  " + where_served(p));
  if (shown_or_dash(p, "trouble") != "-") out.line("  " + shown_or_dash(p, "trouble"));
  out.line("  job " + shown_or_dash(p, "job_id") + ", proposed by " + shown_or_dash(p, "proposer") + ", signed by " +
           signers(p));
  out.line("  digest " + shown_or_dash(p, "digest"));
  if (const Json progress = p.value("progress", Json()); progress.is_object()) {
    const auto missing = progress.value("missing", std::uint64_t{0});
    out.line("  " + std::to_string(progress.value("requests", std::uint64_t{0})) + " requests, " +
             std::to_string(progress.value("errors", std::uint64_t{0})) + " errors" +
             (missing > 0 ? ", about " + std::to_string(missing) + " more until the next share" : ""));
  }
  print_gates(p, out);
  if (shown_or_dash(p, "reason") != "" && shown_or_dash(p, "reason") != "-")
    out.line("  " + shown_or_dash(p, "reason"));
}

int show(const Result<Json>& answer, bool json) {
  if (!answer.ok()) return fail(answer.error());
  if (json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  print_proposal(*answer, out);
  return 0;
}

int propose(const Options& o, const std::string& server) {
  ApiClient client(server);
  return show(client.post("/api/promotions", {{"job_id", o.job},
                                              {"model_name", o.model},
                                              {"variant", o.variant},
                                              {"upstream", o.upstream},
                                              {"served_model", o.served_model},
                                              {"person", person_or_login(o.person)},
                                              {"reason", o.reason}}),
              o.json);
}

std::string path_of(const std::string& id) { return "/api/promotions/" + net::percent_encode(id); }

int take_step(const Options& o, const char* action, const std::string& server) {
  ApiClient client(server);
  Json body{{"person", person_or_login(o.person)}, {"reason", o.reason}};
  // What is signed, or moved, is what is proposed at this moment: a change in between is refused by the service.
  const auto proposal = client.get(path_of(o.id));
  if (!proposal.ok()) return fail(proposal.error());
  if (const auto revision = proposal->find("revision"); revision != proposal->end()) body["revision"] = *revision;
  if (std::string_view(action) == "sign") body["digest"] = proposal->value("digest", "");
  return show(client.post(path_of(o.id) + "/" + action, body), o.json);
}

int status(const Options& o, const std::string& server) {
  ApiClient client(server);
  const std::string at = o.at.empty() ? "" : "?at=" + net::percent_encode(o.at);
  if (!o.id.empty()) return show(client.get(path_of(o.id) + at), o.json);
  const auto answer = client.get("/api/promotions" + at);
  if (!answer.ok()) return fail(answer.error());
  if (o.json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  const Json list = answer->value("promotions", Json::array());
  if (list.empty()) {
    out.line(o.at.empty() ? "nothing is proposed; propose with: flywheel promote propose JOB"
                          : "nothing was proposed by then");
  }
  for (const auto& proposal : list) print_proposal(proposal, out);
  return 0;
}

int show_engine_log(const Options& o, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.get(path_of(o.id) + "/engine_log");
  if (!answer.ok()) return fail(answer.error());
  if (o.json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  const Json engines = answer->value("engines", Json::array());
  for (const auto& engine : engines) {
    for (const auto& line : engine.value("lines", Json::array()))
      if (line.is_string()) out.line(printable(line.get<std::string>()));
  }
  if (engines.empty()) out.line("no engine of it has written anything here");
  return 0;
}

void add_person(CLI::App& command, const std::shared_ptr<Options>& o) {
  command.add_option("--person", o->person, "Who does this; default: FLYWHEEL_PERSON, else the login name")
      ->type_name("NAME");
  command.add_option("--reason", o->reason, "Why, for the audit log")->type_name("TEXT");
  command.add_flag("--json", o->json, "Print the service's answer");
}

struct Step {
  const char* name;
  const char* action;
  const char* help;
};

constexpr Step kSteps[] = {
    {"sign", "sign", "Sign the bytes that are proposed; who proposed them cannot"},
    {"reject", "reject", "End a proposal that has not touched traffic"},
    {"shadow", "start_shadow", "Send it copies of a share of the requests, once clients have their answers"},
    {"start", "start_canary", "Let it answer the canary's first share of the conversations"},
    {"advance", "advance", "Take the canary to its next share"},
    {"live", "go_live", "Let it answer all conversations of the workload"},
    {"rollback", "roll_back", "Take it off traffic, from the next request on"},
    {"retire", "retire", "End a live promotion: production answers again"},
};

}  // namespace

void add_promote_command(CLI::App& app, CommandContext& context) {
  auto* promote =
      app.add_subcommand("promote", "Propose a model for a workload's traffic, sign it, route to it, and back")
          ->group(kResultsGroup);
  promote->require_subcommand(1);
  add_examples(*promote,
               "flywheel promote propose 67436743674367436743abcd --reason \"98 % on 320 rows\"\n"
               "flywheel promote sign p-5f3a9c21d0aa --person bob\n"
               "flywheel promote start p-5f3a9c21d0aa\n"
               "flywheel promote rollback p-5f3a9c21d0aa --reason \"late answers\"\n"
               "flywheel promote history --at 2026-11-27T12:00:00Z");
  auto* propose_command = promote->add_subcommand("propose", "Propose what a finished job evaluated");
  auto o = std::make_shared<Options>();
  propose_command->add_option("job", o->job, "Job id: 24 hex digits")->required()->type_name("JOB");
  propose_command
      ->add_option("--upstream", o->upstream,
                   "The gateway's upstream that serves the model; default: this machine does")
      ->type_name("NAME");
  propose_command->add_option("--candidate", o->model, "Model of the report; default: the first of its ranking")
      ->type_name("NAME");
  propose_command->add_option("--variant", o->variant, "Evaluation of the report, e.g. customized-eval")
      ->type_name("NAME");
  propose_command
      ->add_option("--model", o->served_model, "`model` of the requests to the upstream; default: as they come")
      ->type_name("NAME");
  add_person(*propose_command, o);
  add_server_option(*propose_command, context);
  propose_command->callback(
      [&context, o] { context.action = [&context, o] { return propose(*o, context.server_url); }; });

  for (const Step& step : kSteps) {
    auto options = std::make_shared<Options>();
    auto* command = promote->add_subcommand(step.name, step.help);
    command->add_option("proposal", options->id, "Id of the proposal")->required()->type_name("PROPOSAL");
    add_person(*command, options);
    add_server_option(*command, context);
    command->callback([&context, options, action = step.action] {
      context.action = [&context, options, action] { return take_step(*options, action, context.server_url); };
    });
  }

  auto* status_command = promote->add_subcommand("status", "Show one proposal, or all; --at DATE: as they stood then");
  auto shown = std::make_shared<Options>();
  status_command->add_option("proposal", shown->id, "Id of the proposal")->type_name("PROPOSAL");
  status_command->add_option("--at", shown->at, "Epoch seconds or ISO-8601; a date or month alone: at its end")
      ->type_name("DATE");
  status_command->add_flag("--json", shown->json, "Print the service's answer");
  add_server_option(*status_command, context);
  status_command->callback(
      [&context, shown] { context.action = [&context, shown] { return status(*shown, context.server_url); }; });

  auto* log = promote->add_subcommand("log", "Show what the engine that serves a promoted model here wrote last");
  auto logged = std::make_shared<Options>();
  log->add_option("proposal", logged->id, "Id of the proposal")->required()->type_name("PROPOSAL");
  log->add_flag("--json", logged->json, "Print the service's answer");
  add_server_option(*log, context);
  log->callback([&context, logged] {
    context.action = [&context, logged] { return show_engine_log(*logged, context.server_url); };
  });

  auto* history = promote->add_subcommand(
      "history", "Show what happened to proposals; --at DATE: who answered then, who let it, on what evidence");
  auto asked = std::make_shared<HistoryOptions>();
  history->add_option("proposal", asked->proposal, "Id of the proposal")->type_name("PROPOSAL");
  history->add_option("--workload", asked->workload, "Of this workload alone")->type_name("WORKLOAD");
  history->add_option("--at", asked->at, "Epoch seconds or ISO-8601; a date or month alone: the whole of it")
      ->type_name("DATE");
  history->add_flag("--json", asked->json, "Print it as JSON");
  add_server_option(*history, context);
  history->callback([&context, asked] {
    context.action = [&context, asked] { return promote_history(*asked, context.server_url); };
  });
}

}  // namespace fw::app
