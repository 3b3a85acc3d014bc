#include <pthread.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "api/api.h"
#include "api/feedback.h"
#include "api/queue_metrics.h"
#include "app/audit_notifier.h"
#include "app/cli/command.h"
#include "app/cli/data_folder.h"
#include "app/cli/help.h"
#include "app/config/config.h"
#include "app/config/configuration_json.h"
#include "app/connection_plan.h"
#include "app/elasticsearch_way_in.h"
#include "app/gateway_way_in.h"
#include "app/listener.h"
#include "app/otlp_way_in.h"
#include "app/promoted_targets.h"
#include "app/promotion_desk.h"
#include "app/service.h"
#include "app/stop_bound.h"
#include "base/log.h"
#include "io/file.h"
#include "io/machine.h"
#include "net/server.h"
#include "runs/webhook_secret.h"

namespace fw::app {
namespace {

// What is cancelled after the drain has the grace to say so, and all else that ends has the rest.
constexpr Duration kGrace = std::chrono::seconds(3);
constexpr Duration kRest = std::chrono::seconds(5);
constexpr std::uint64_t kLeastOpenFiles = 128;

struct ServeOptions {
  std::string config;
  std::string data;
  std::string listen;
  int port = -1;
  std::string upstream;
  int gateway_port = -1;
};

/// Blocks the signals that end the service, or have it read its routes again, in this thread and all that it starts, so
/// that one place waits for them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// Takes from the listeners that are on what leaves too few files to the stores: a moment without descriptors would hit
/// them.
void fit_connections(Config& config) {
  std::vector<ConnectionWish> wishes;
  std::vector<ListenerSettings*> listeners;
  const auto add = [&](std::string name, ListenerSettings& listener, std::uint64_t files_each) {
    wishes.push_back({std::move(name), listener.max_connections, files_each});
    listeners.push_back(&listener);
  };
  add("control api", config.server.listener, 1);
  if (config.gateway.is_on()) add("gateway", config.gateway_listener, 2);
  if (config.elasticsearch.listener.enabled) add("elasticsearch", config.elasticsearch.listener, 1);
  if (config.otlp.listener.enabled) add("otlp", config.otlp.listener, 1);
  const std::uint64_t files = io::raise_open_file_limit();
  const auto taken = connections_within(files, wishes);
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    if (taken[i] == wishes[i].connections) continue;
    log_warning("serve", "fewer connections are taken than max_connections allows; raise the limit on open files",
                {{"listener", wishes[i].listener},
                 {"max_connections", wishes[i].connections},
                 {"taken", taken[i]},
                 {"open_files", files}});
    listeners[i]->max_connections = taken[i];
  }
}

net::ServerOptions server_options(const ServerSettings& settings) {
  net::ServerOptions options;
  options.name = "control api";
  options.address = settings.listener.listen;
  options.port = static_cast<std::uint16_t>(settings.listener.port);
  options.tls = settings.listener.tls();
  options.max_connections = settings.listener.max_connections;
  options.max_connections_per_address = settings.listener.max_connections_per_address;
  options.drain = settings.listener.drain;
  // The API limits the bodies that it holds in memory; uploads of traffic go to the disk and have no limit.
  options.max_body_bytes = SIZE_MAX;
  return options;
}

/// The ways in beside the control API, and what else the service does with the gateway.
struct WaysIn {
  WaysIn(Service& service, const Config& config, audit::AuditLog& audit_log, GatewayWayIn::Callbacks callbacks)
      : api_url(config.server.public_url) {
    if (config.gateway.is_on()) {
      auto made = std::make_unique<GatewayWayIn>(config.gateway, service, audit_log, std::move(callbacks));
      gateway = made.get();
      add(service, config.gateway_listener, std::move(made));
    }
    add(service, config.elasticsearch.listener,
        std::make_unique<ElasticsearchWayIn>(
            config.elasticsearch,
            capture::BulkApiDependencies{
                service.committer(), service.log(), service.quarantine(), service.redactor(), service.disk(),
                service.search(), service.ingest(), service.clock(), service.data_folder() / "elasticsearch",
                [&audit_log](const capture::Removal& removal) { return note_removal(audit_log, removal); }}));
    add(service, config.otlp.listener,
        std::make_unique<OtlpWayIn>(
            config.otlp, capture::OtlpReceiverDependencies{
                             service.committer(), service.quarantine(), service.redactor(), service.disk(),
                             service.ingest(), service.clock(), service.executor(), service.data_folder() / "otlp"}));
  }
  /// nullptr where none is configured, or it cannot be made.
  [[nodiscard]] capture::Gateway* the_gateway() const { return gateway == nullptr ? nullptr : gateway->gateway(); }

  void add(Service& service, const ListenerSettings& settings, std::unique_ptr<WayIn> way_in) {
    if (settings.enabled) {
      listeners.add(std::make_unique<Listener>(settings, api_url, std::move(way_in), service.loops(), service.keyring(),
                                               service.clock()));
    }
  }

  std::string api_url;
  Listeners listeners;
  GatewayWayIn* gateway = nullptr;  // of one of the listeners
};

std::vector<std::string> upstream_names(const capture::Gateway* gateway) {
  std::vector<std::string> names;
  if (gateway == nullptr) return names;
  for (const auto& upstream : gateway->settings().upstreams) names.push_back(upstream.name);
  return names;
}

api::TakeFeedback taker_of(PromotionDesk& desk) {
  return [&desk](promotion::Rating rating, auth::Caller caller) {
    return desk.rate(std::move(rating), std::move(caller));
  };
}

GatewayWayIn::Callbacks callbacks_of(PromotionDesk& desk) {
  return {.on_promoted = [&desk](capture::PromotedAnswer answer) { desk.observe(std::move(answer)); },
          .on_pair = [&desk](capture::ShadowedPair pair) { desk.compare(std::move(pair)); },
          .on_feedback =
              [&desk](std::string body, auth::Caller caller) {
                return api::answer_feedback(taker_of(desk), std::move(body), std::move(caller));
              }};
}

/// The listeners beside the API, with what of the gateway's models is not served.
std::vector<api::ListenerState> states_of(const WaysIn& ways_in, const PromotionDesk& desk) {
  auto states = ways_in.listeners.states();
  for (auto& state : states) {
    if (state.name == to_string(auth::ListenerName::kGateway) && state.trouble.empty()) state.trouble = desk.trouble();
  }
  return states;
}

api::ApiDependencies api_dependencies(Service& service, const WaysIn& ways_in, PromotionDesk& desk,
                                      const AuditNotifier& notifier, const Config& config, std::string configuration) {
  return {service.runs(),
          service.log(),
          service.quarantine(),
          service.redactor(),
          service.reviews(),
          service.review_opener(),
          service.query(),
          service.load(),
          service.clock(),
          service.data_folder() / "uploads",
          parse_split_overrides,
          [&service, &desk]() -> Status {
            FW_TRY(service.readiness());
            return desk.audit().check_place();
          },
          [&service, environment = process_environment()] {
            return runs::missing_secrets(service.runs().config().webhooks, environment);
          },
          config.server.max_body_bytes,
          config.server.public_url,
          api::UploadRoom{},
          ways_in.the_gateway(),
          GatewayWayIn::routes_file(service),
          [&ways_in, &desk] { return states_of(ways_in, desk); },
          api::PromotionParts{
              desk.promotions(), desk.watch(), desk.pairs(), desk.audit(), upstream_names(ways_in.the_gateway()),
              taker_of(desk), [&desk](std::size_t limit) { return desk.feedback().recent(limit); }, &desk.feedback(),
              &desk.host(), [&notifier] { return notifier.recent(); },
              [&desk](const promotion::Proposal& p) { return desk.engine_words(p); },
              [&desk](const std::string& id) { return desk.trouble_of(id); },
              [&desk](const promotion::Candidate& c) { return desk.upstream_digests(c); },
              [&desk](promotion::Candidate c) { return desk.present_digests(std::move(c)); },
              [&desk](const promotion::Candidate& c) { return desk.is_production(c); },
              [&service](const promotion::Candidate& c) { return present_files(c, service.data_folder()); }},
          {[&ways_in](std::ostream& out) { ways_in.listeners.write_metrics(out); },
           [&desk](std::ostream& out) { desk.write_metrics(out); },
           [&service](std::ostream& out) { service.retention().write_metrics(out); },
           [&service](std::ostream& out) { api::write_queues(out, service.pools(), service.committer()); },
           [&service](std::ostream& out) { service.keyring().write_metrics(out); },
           [&ways_in](std::ostream& out) { ways_in.listeners.write_access(out); }},
          service.data_folder() / "backups",
          [configuration = std::move(configuration)] { return configuration; },
          &service.keyring(),
          config.auth,
          config.server.listener.tls().has_value() || config.server.public_url.starts_with("https://"),
          &service.discovery(),
          &service.arrivals()};
}

std::optional<std::string> environment_of(const std::string& name) {
  auto value = process_environment()(name);
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

Result<Config> read_config(const ServeOptions& options) {
  if (options.config.empty()) return Config{};
  return load_config(options.config, process_environment());
}

/// What the command line says goes before the file; returns what it said.
std::vector<Setting> apply_command_line(const ServeOptions& options, Config& config) {
  std::vector<Setting> said;
  if (!options.listen.empty()) said.push_back({"server.listen", config.server.listener.listen = options.listen});
  if (options.port >= 0) said.push_back({"server.port", std::to_string(config.server.listener.port = options.port)});
  if (!options.upstream.empty()) {
    config.gateway.upstreams = {{.name = "default", .url = options.upstream}};
    said.push_back({"gateway.upstream", options.upstream});
  }
  if (options.gateway_port >= 0) {
    said.push_back({"gateway.port", std::to_string(config.gateway_listener.port = options.gateway_port)});
  }
  return said;
}

Task<void> refuse(const net::IncomingRequest& request, net::ResponseWriter& out) {
  (void)co_await out.send(net::detail_response(503, "the service is starting; try again in a moment"),
                          request.deadline);
}

/// What asks for jobs while they are still being read is told to come again, not that they do not exist.
net::Handler once_started(const std::atomic<bool>& has_started, net::Handler handler) {
  return [&has_started, handler = std::move(handler)](net::IncomingRequest& request, net::ResponseWriter& out) {
    const bool is_early = !has_started && request.path().starts_with("/api/jobs");
    return is_early ? refuse(request, out) : handler(request, out);
  };
}

/// Waits for the signal that ends the service; a hang-up has it read its routes again.
int wait_for_end(const sigset_t& signals, const ServeOptions& options, GatewayWayIn* gateway) {
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return signal;
    auto config = read_config(options);
    if (config.ok()) {
      (void)apply_command_line(options, *config);
      if (gateway != nullptr) gateway->reload(config->gateway);
    } else {
      log_error("serve", "the configuration was not read again", {{"why", config.error().message}});
    }
  }
}

/// Of the listeners that are on.
Duration longest_drain(const Config& config) {
  Duration longest = config.server.listener.drain;
  for (const auto* listener : {&config.elasticsearch.listener, &config.otlp.listener}) {
    if (listener->enabled) longest = std::max(longest, listener->drain);
  }
  return config.gateway.is_on() ? std::max(longest, config.gateway_listener.drain) : longest;
}

/// What the service needs to be of use at all, which is more than it needs to start.
Status check_open_files() {
  const std::uint64_t files = io::raise_open_file_limit();
  if (files >= kLeastOpenFiles) return {};
  return failed_precondition("this process may have " + std::to_string(files) + " open files, and needs " +
                             std::to_string(kLeastOpenFiles) + " at the least; raise the limit (ulimit -n)");
}

int serve(const ServeOptions& options) {
  if (const Status enough = check_open_files(); !enough.ok()) return fail(enough.error());
  std::optional<StopBound> bound;  // until all else has gone
  const sigset_t signals = block_signals();
  auto config = read_config(options);
  if (!config.ok()) return fail(config.error());
  set_log_level(config->log_level);
  set_log_json(config->log_json);
  for (const auto& warning : config->warnings) log_warning("config", warning);
  if (options.config.empty())
    log_warning("config", "no --config is given: traffic can be loaded, but runs have no candidates");
  const std::string configuration = configuration_json(*config, apply_command_line(options, *config));
  fit_connections(*config);
  const Config settings = *config;

  ServiceOptions service_options;
  service_options.data_folder = options.data.empty() ? default_data_folder() : std::filesystem::path(options.data);
  service_options.config = std::move(*config);
  auto service = Service::open(std::move(service_options));
  if (!service.ok()) return fail(service.error());
  auto desk = PromotionDesk::open(settings.promotion, **service);
  if (!desk.ok()) return fail(desk.error());
  WaysIn ways_in(**service, settings, (*desk)->audit(), callbacks_of(**desk));
  (*desk)->join(ways_in.the_gateway());
  AuditNotifier notifier(
      settings.promotion_webhooks, (*service)->data_folder() / "promotion",
      {(*desk)->audit(), (*service)->poster(), (*service)->clock(), (*service)->disk(), environment_of},
      (*service)->executor());
  api::Api api(api_dependencies(**service, ways_in, **desk, notifier, settings, configuration));
  std::atomic<bool> has_started{false};
  net::ServerOptions listener = server_options(settings.server);
  listener.observe = [count = api.observer(),
                      log = access_log("control api", settings.server.listener)](const net::Exchange& exchange) {
    count(exchange);
    if (log) log(exchange);
  };
  net::Server server((*service)->loops(), std::move(listener), once_started(has_started, api.handler()));
  const bool asks_for_key = (*service)->keyring().asks_for_key(auth::ListenerName::kControl);
  if (const auto safe = check_exposure(settings.server.listener, asks_for_key || settings.auth.proxy.is_on(), "server",
                                       auth::ListenerName::kControl);
      !safe.ok()) {
    return fail(safe.error());
  }
  if (const auto status = server.start(); !status.ok()) return fail(status.error());
  (*service)->set_public_url(settings.server.public_url.empty() ? server.url() : settings.server.public_url);
  if (const auto status = (*service)->start(); !status.ok()) {
    server.stop_blocking(kGrace);
    return fail(status.error());
  }
  has_started = true;
  (*desk)->start();
  notifier.start();
  ways_in.listeners.start();
  const auto url_file = (*service)->data_folder() / "service.url";
  if (const auto status = io::write_file_atomically(url_file, server.url() + '\n'); !status.ok()) {
    log_warning("serve", "the URL was not written", {{"error", status.error().message}});
  }
  log_info("serve", "listening", {{"url", server.url()}, {"data", (*service)->data_folder().string()}});

  const int signal = wait_for_end(signals, options, ways_in.gateway);
  log_info("serve", "stopping", {{"signal", signal}});
  const auto begin_stop = [&server, &ways_in] {
    server.begin_stop(kGrace);
    ways_in.listeners.begin_stop(kGrace);
  };
  bound.emplace(longest_drain(settings) + kGrace + kRest, "running requests", begin_stop);
  begin_stop();
  ways_in.listeners.stop(kGrace);
  server.stop_blocking(kGrace);
  bound->next_stage("records on their way to the log store");
  (void)(*service)->wait_for((*service)->committer().flush(Deadline::after(kRest)));
  bound->next_stage("webhooks");
  notifier.stop_blocking();
  bound->next_stage("promoted models");
  (*desk)->stop();
  bound->next_stage("runs");
  (*service)->stop();
  (*desk)->join(nullptr);
  bound->next_stage("the stores");
  const std::uint64_t lost = (*service)->committer().close();
  std::error_code ignored;
  std::filesystem::remove(url_file, ignored);
  return lost == 0 ? 0 : 1;
}

}  // namespace

std::filesystem::path default_data_folder() {
  if (const char* data = std::getenv("FLYWHEEL_DATA"); data != nullptr && *data != '\0') return data;
  if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && *xdg != '\0') {
    return std::filesystem::path(xdg) / "flywheel";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : ".") / ".local/share/flywheel";
}

std::string check_folder_name(const std::string& name) {
  return name.empty() ? "names no folder; leave the option out for its default" : "";
}

void add_serve_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("serve", "Run the service: log store, runs, the control API and the gateway")
                      ->group(kSetupGroup);
  add_examples(*command,
               "flywheel serve --config flywheel.yaml\n"
               "flywheel serve --config flywheel.yaml --data ./data --port 0   a free port; data/service.url names it");
  auto options = std::make_shared<ServeOptions>();
  command->add_option("--config", options->config, "Configuration file (docs/configuration.md)")->type_name("FILE");
  command->add_option("--data", options->data, "Data folder; default $FLYWHEEL_DATA, else ~/.local/share/flywheel")
      ->check(check_folder_name)
      ->type_name("FOLDER");
  command->add_option("--listen", options->listen, "Address to listen on, instead of the configuration's")
      ->type_name("ADDRESS");
  command->add_option("--port", options->port, "Port (0 to 65535), instead of the configuration's; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->type_name("PORT");
  command
      ->add_option(
          "--upstream", options->upstream,
          "OpenAI-compatible server behind the gateway, https://api.openai.com/v1, instead of the configuration's")
      ->type_name("URL");
  command
      ->add_option("--gateway-port", options->gateway_port,
                   "Port of the gateway, instead of the configuration's; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->type_name("PORT");
  command->callback([&context, options] { context.action = [options] { return serve(*options); }; });
}

}  // namespace fw::app
