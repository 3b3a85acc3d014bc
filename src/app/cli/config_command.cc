#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/thread_pool.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/config/config.h"
#include "app/config/config_check.h"
#include "app/config/endpoint_survey.h"
#include "app/engine_programs.h"
#include "async/run_blocking.h"
#include "runs/run_config_json.h"

namespace fw::app {
namespace {

nlohmann::ordered_json listener_json(const ListenerSettings& listener) {
  return {{"enabled", listener.enabled},
          {"listen", listener.listen},
          {"port", listener.port},
          {"tls_certificate", listener.tls_certificate},
          {"tls_key", listener.tls_key},
          {"insecure", listener.insecure},
          {"public_url", listener.public_url},
          {"max_connections", listener.max_connections},
          {"max_connections_per_address", listener.max_connections_per_address},
          {"drain_seconds", to_seconds(listener.drain)},
          {"access_log", listener.access_log}};
}

nlohmann::ordered_json server_json(const ServerSettings& server) {
  auto json = listener_json(server.listener);
  json.erase("enabled");
  json["max_body_bytes"] = server.max_body_bytes;
  json["public_url"] = server.public_url;
  return json;
}

nlohmann::ordered_json elasticsearch_json(const ElasticsearchSettings& settings) {
  auto json = listener_json(settings.listener);
  json["index"] = settings.index;
  json["version"] = settings.version;
  return json;
}

nlohmann::ordered_json otlp_json(const OtlpSettings& settings) {
  auto json = listener_json(settings.listener);
  json["workload_attributes"] = settings.workload_attributes;
  json["client_attributes"] = settings.client_attributes;
  json["join_window_seconds"] = settings.join_window_seconds;
  return json;
}

/// Without what would prove to a cluster who asks.
nlohmann::ordered_json log_store_json(const LogStoreSettings& settings) {
  nlohmann::ordered_json json{{"max_journal_bytes", settings.max_journal_bytes}, {"elasticsearch", nullptr}};
  if (const auto& cluster = settings.elasticsearch) {
    const auto& authorities = cluster->tls.certificate_authorities;
    json["elasticsearch"] = {{"url", cluster->urls},
                             {"index", cluster->index},
                             {"certificate_authorities", authorities ? authorities->string() : ""},
                             {"insecure_skip_verification", cluster->tls.insecure_skip_verification}};
  }
  return json;
}

nlohmann::ordered_json auth_json(const auth::Settings& settings) {
  nlohmann::ordered_json roles = nlohmann::ordered_json::object();
  for (const auto& [person, role] : settings.proxy.roles) roles[person] = to_string(role);
  return {{"proxy_header", settings.proxy.header},
          {"allowed", settings.proxy.addresses},
          {"role", settings.proxy.role ? to_string(*settings.proxy.role) : ""},
          {"roles", std::move(roles)},
          {"session_idle_minutes", to_seconds(settings.session_idle) / 60}};
}

nlohmann::ordered_json promotion_json(const promotion::Settings& settings) {
  nlohmann::ordered_json workloads = nlohmann::ordered_json::object();
  for (const auto& [workload, signatures] : settings.rules.workloads)
    workloads[workload] = {{"signatures", signatures}};
  return {{"signatures", settings.rules.signatures},
          {"workloads", std::move(workloads)},
          {"canary_steps", settings.rules.steps},
          {"max_error_rate", settings.gates.errors},
          {"false_alarm_rate", settings.gates.alpha}};
}

/// Keys stand in variables, and headers may hold what variables say: neither is shown.
nlohmann::ordered_json upstream_json(const capture::UpstreamSettings& u) {
  return {{"name", u.name},
          {"url", u.url},
          {"api_key_env", u.api_key_env},
          {"api_key_header", u.api_key_header},
          {"max_connections", u.max_connections},
          {"connect_timeout_seconds", to_seconds(u.connect_timeout)},
          {"first_byte_timeout_seconds", to_seconds(u.first_byte_timeout)},
          {"idle_timeout_seconds", to_seconds(u.idle_timeout)},
          {"max_retries", u.max_retries},
          {"max_retry_wait_seconds", to_seconds(u.max_retry_wait)},
          {"failures_until_open", u.failures_until_open},
          {"open_seconds", to_seconds(u.open_for)}};
}

nlohmann::ordered_json capture_json(const capture::CaptureSettings& c) {
  return {{"enabled", c.is_enabled},
          {"durability", capture::durability_names().at(static_cast<std::size_t>(c.durability))},
          {"commit_timeout_seconds", to_seconds(c.commit_timeout)},
          {"sample", c.sample},
          {"samples", c.samples},
          {"untagged_workload", c.untagged},
          {"untagged_client", c.client},
          {"rules", c.rules.size()},
          {"max_record_bytes", c.max_record_bytes}};
}

nlohmann::ordered_json gateway_json(const capture::GatewaySettings& gateway, const ListenerSettings& listener) {
  nlohmann::ordered_json upstreams = nlohmann::ordered_json::array();
  for (const auto& upstream : gateway.upstreams) upstreams.push_back(upstream_json(upstream));
  nlohmann::ordered_json routes = nlohmann::ordered_json::array();
  for (const auto& route : gateway.routes) routes.push_back(route.name);
  return {{"enabled", gateway.is_enabled},
          {"listen", listener.listen},
          {"port", listener.port},
          {"public_url", listener.public_url},
          {"tls", listener.tls().has_value()},
          {"max_connections", listener.max_connections},
          {"max_connections_per_address", listener.max_connections_per_address},
          {"max_body_bytes", gateway.max_body_bytes},
          {"max_bytes_in_flight", gateway.max_bytes_in_flight},
          {"max_request_seconds", to_seconds(gateway.max_request_time)},
          {"drain_seconds", to_seconds(listener.drain)},
          {"access_log", listener.access_log},
          {"upstreams", std::move(upstreams)},
          {"routes", std::move(routes)},
          {"capture", capture_json(gateway.capture)}};
}

nlohmann::ordered_json engines_json(const EngineSettings& engines) {
  return {{"llama_server", engines.llama_server.string()},
          {"llama_quantize", engines.llama_quantize.string()},
          {"trainer", engines.trainer.string()},
          {"threads", engines.threads},
          {"niceness", engines.niceness},
          {"ready_timeout_seconds", engines.ready_timeout_seconds},
          {"deploy_timeout_seconds", engines.deploy_timeout_seconds},
          {"serving_type", engines.serving_type}};
}

nlohmann::ordered_json redact_json(const capture::RedactionSettings& redact) {
  constexpr std::array kActions{"drop", "mask", "pseudonym"};
  nlohmann::ordered_json rules = nlohmann::ordered_json::array();
  for (const auto& rule : redact.rules) {
    nlohmann::ordered_json one{{"action", kActions.at(static_cast<std::size_t>(rule.action))}};
    if (!rule.name.empty()) one["name"] = rule.name;
    if (!rule.kind.empty()) one["kind"] = rule.kind;
    if (!rule.pattern.empty()) one["pattern"] = rule.pattern;
    if (!rule.path.empty()) one["path"] = rule.path;
    if (!rule.workloads.empty()) one["workloads"] = rule.workloads;
    if (!rule.except.empty()) one["except"] = rule.except;
    rules.push_back(std::move(one));
  }
  return {{"key_env", redact.key_env}, {"rules", std::move(rules)}};
}

nlohmann::ordered_json logging_json(const Config& config) {
  constexpr std::array kLevels{"DEBUG", "INFO", "WARNING", "ERROR"};
  return {{"level", kLevels.at(static_cast<std::size_t>(config.log_level))}, {"json", config.log_json}};
}

nlohmann::ordered_json review_json(const review::ReviewSettings& review) {
  constexpr std::array kOpen{"off", "promising", "always"};
  return {{"open", kOpen.at(static_cast<std::size_t>(review.open))},
          {"max_rows", review.max_rows},
          {"max_shadow_rows", review.max_shadow_rows},
          {"weights", review.weights}};
}

constexpr Duration kPatience = std::chrono::minutes(3);

struct CheckOptions {
  std::string file;
  bool json = false;
  bool file_only = false;
  bool online = false;
};

/// All that a check found.
struct CheckOutcome {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::vector<SurveyedEndpoint> endpoints;
  Result<Config> config = internal("not read");

  [[nodiscard]] bool is_good() const { return errors.empty(); }
};

std::vector<SurveyedEndpoint> survey(const runs::RunConfig& run) {
  boost::asio::thread_pool threads(1);
  std::vector<SurveyedEndpoint> out;
  {
    net::Client client(threads.get_executor());
    out = run_blocking(ask_endpoints(run, client, Deadline::after(kPatience)));
  }
  threads.join();
  return out;
}

std::string sentence(const SurveyedEndpoint& endpoint) {
  if (!endpoint.answer.ok()) return endpoint.role + ": " + endpoint.answer.error().message;
  return endpoint.role + ": " + endpoint.answer->what + " at " + endpoint.answer->url;
}

CheckOutcome check(const CheckOptions& options) {
  CheckOutcome out;
  out.config = load_config(options.file, process_environment());
  if (!out.config.ok()) {
    out.errors.push_back(out.config.error().message);
    return out;
  }
  out.warnings = out.config->warnings;
  if (!options.file_only) {
    for (auto& finding : check_machine(*out.config, engine_programs(out.config->engines)))
      (finding.is_error ? out.errors : out.warnings).push_back(options.file + ": " + finding.text);
  }
  if (!options.online) return out;
  out.endpoints = survey(out.config->run);
  for (const auto& endpoint : out.endpoints) {
    if (!endpoint.answer.ok()) {
      out.errors.push_back(sentence(endpoint));
      continue;
    }
    for (const auto& note : endpoint.answer->notes) out.warnings.push_back(endpoint.role + ": " + note);
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

void print_json(const CheckOutcome& outcome) {
  nlohmann::ordered_json out{{"valid", outcome.is_good()}};
  if (!outcome.is_good()) out["error"] = joined(outcome.errors);
  if (outcome.config.ok()) {
    out["warnings"] = outcome.warnings;
    out["run"] = runs::to_public_json(outcome.config->run);
    out["server"] = server_json(outcome.config->server);
    out["elasticsearch"] = elasticsearch_json(outcome.config->elasticsearch);
    out["otlp"] = otlp_json(outcome.config->otlp);
    out["log_store"] = log_store_json(outcome.config->log_store);
    out["gateway"] = gateway_json(outcome.config->gateway, outcome.config->gateway_listener);
    out["auth"] = auth_json(outcome.config->auth);
    out["promotion"] = promotion_json(outcome.config->promotion);
    out["engines"] = engines_json(outcome.config->engines);
    out["redact"] = redact_json(outcome.config->redact);
    out["logging"] = logging_json(*outcome.config);
    out["review"] = review_json(outcome.config->review);
  }
  for (const auto& endpoint : outcome.endpoints)
    out["endpoints"].push_back({{"role", endpoint.role}, {"good", endpoint.answer.ok()}, {"said", sentence(endpoint)}});
  std::cout << out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

int print_text(const CheckOutcome& outcome, const CheckOptions& options) {
  Terminal out(1);
  Terminal err(2);
  for (const auto& warning : outcome.warnings) err.line(err.styled(Style::kDim, "warning: ") + printable(warning));
  for (const auto& endpoint : outcome.endpoints)
    if (endpoint.answer.ok()) out.line(printable(sentence(endpoint)));
  for (const auto& error : outcome.errors) {
    std::istringstream lines(error);  // a file's own mistakes come as one text, one a line
    for (std::string line; std::getline(lines, line);) err.line(printable(line));
  }
  if (!outcome.is_good()) return 1;
  const auto count = [](std::size_t n, const char* what) {
    return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
  };
  out.line(options.file + ": good, " + count(outcome.config->run.candidates.size(), "candidate") + ", " +
           count(outcome.warnings.size(), "warning"));
  return 0;
}

int check_config(const CheckOptions& options) {
  const auto outcome = check(options);
  if (!options.json) return print_text(outcome, options);
  print_json(outcome);
  return outcome.is_good() ? 0 : 1;
}

}  // namespace

void add_config_command(CLI::App& app, CommandContext& context) {
  auto* config = app.add_subcommand("config", "Work with configuration files")->group(kSetupGroup);
  config->require_subcommand(1);
  add_examples(*config,
               "flywheel config check flywheel.yaml\n"
               "flywheel config check flywheel.yaml --online      asks every endpoint too\n"
               "flywheel config check flywheel.yaml --file-only   on another machine than it is for");
  auto* check = config->add_subcommand(
      "check",
      "Check a file, and what it names on this machine: models, engines, keys, ports; exit code 1 if it cannot work");
  auto options = std::make_shared<CheckOptions>();
  check->add_option("file", options->file, "The configuration file")->required()->type_name("FILE");
  check->add_flag("--json", options->json, "Print JSON");
  auto* file_only =
      check->add_flag("--file-only", options->file_only,
                      "Check the file alone: it is for another machine, whose models and engines are not here");
  check->add_flag("--online", options->online, "Ask every endpoint a small question too (a few tokens each)")
      ->excludes(file_only);
  check->callback([&context, options] { context.action = [options] { return check_config(*options); }; });
}

}  // namespace fw::app
