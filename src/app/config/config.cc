#include "app/config/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "app/config/can_decide.h"
#include "app/config/endpoint_section.h"
#include "app/config/sections.h"
#include "app/config/yaml_section.h"
#include "io/file.h"

namespace fw::app {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1 << 20;

constexpr std::string_view kNoMlflow =
    "MLflow is not written; figures are in the report, as JSON too (`flywheel report JOB --json`)";
constexpr std::string_view kNoPlatform = "models are served and trained on this machine, not on a NeMo platform";

/// The OpenAI-compatible base of the blueprint's NIM proxy, for candidates that name no weights of their own.
std::string read_platform(YamlSection& root, const Environment& environment) {
  std::string nim_base_url;
  if (auto section = root.section("nmp_config")) {
    section->read("nim_base_url", nim_base_url);
    if (!nim_base_url.empty()) nim_base_url = checked_url(*section, "nim_base_url", nim_base_url, environment);
    for (const char* key : {"nemo_base_url", "datastore_base_url", "nmp_namespace"}) {
      section->inapplicable(key, kNoPlatform);
    }
    section->inapplicable("nim_parallelism", "evaluation.parallelism says how many requests go at once");
    section->finish();
  }
  return nim_base_url;
}

void read_logging(YamlSection& root, Config& config) {
  auto section = root.section("logging_config");
  if (!section) return;
  std::size_t level = 1;
  section->read_choice("level", level, {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"});
  config.log_level = static_cast<LogLevel>(std::min<std::size_t>(level, 3));
  section->read("json", config.log_json);
  section->finish();
}

void read_mlflow(YamlSection& root) {
  auto section = root.section("mlflow_config");
  if (!section) return;
  bool enabled = false;
  section->read("enabled", enabled);
  if (enabled) {
    section->warning("enabled", "has no effect: " + std::string(kNoMlflow) + "; set it to false");
  }
  for (const char* key : {"tracking_uri", "experiment_name_prefix", "artifact_location"}) {
    section->inapplicable(key, kNoMlflow);
  }
  section->finish();
}

void read_server(YamlSection& root, ServerSettings& server, const Environment& environment) {
  auto section = root.section("server");
  if (!section) return;
  read_address(*section, server.listener);
  section->read("insecure", server.listener.insecure);
  section->read("max_body_bytes", server.max_body_bytes, 1024, 1ULL << 32);
  section->read("public_url", server.public_url);
  if (!server.public_url.empty())
    server.public_url = checked_url(*section, "public_url", server.public_url, environment);
  section->finish();
}

void read_engines(YamlSection& root, EngineSettings& engines) {
  auto section = root.section("engines");
  if (!section) return;
  const auto read_path = [&](const char* key, std::filesystem::path& out) {
    std::string text = out.string();
    section->read(key, text);
    out = text;
  };
  read_path("llama_server", engines.llama_server);
  read_path("llama_quantize", engines.llama_quantize);
  read_path("trainer", engines.trainer);
  section->read("threads", engines.threads, 0, 1024);
  section->read("niceness", engines.niceness, 0, 19);
  section->read("ready_timeout_seconds", engines.ready_timeout_seconds, 1, 86'400);
  section->read("deploy_timeout_seconds", engines.deploy_timeout_seconds, 1, 86'400);
  static const std::vector<std::string> kTypes{"auto", "F32", "F16", "BF16", "Q8_0"};
  std::size_t type = 0;
  section->read_choice("serving_type", type, kTypes);
  engines.serving_type = type == 0 ? "" : kTypes[type];
  section->finish();
}

/// What the blueprint's services are told by environment, and this program does not read.
void warn_of_variables(Problems& problems, const Environment& environment) {
  struct Unread {
    const char* name;
    const char* remedy;
  };
  constexpr Unread kUnread[] = {
      {"MONGODB_URL", "jobs are kept in this program's own store"},
      {"REDIS_URL", "runs are queued in this program itself"},
  };
  for (const auto& [name, remedy] : kUnread) {
    if (!environment(name).empty())
      problems.warning(0, "", std::string("environment variable ") + name + " is set and has no effect: " + remedy);
  }
}

/// Variants with an adapter are those of a model that is trained; of any other one they leave nothing to evaluate.
void check_something_is_evaluated(YamlSection& root, const runs::RunConfig& run) {
  const auto& variants = run.evaluation.variants;
  if (!std::ranges::all_of(variants, &modelops::Variant::has_adapter)) return;
  for (const auto& candidate : run.candidates) {
    if (candidate.customization_enabled) continue;
    root.error("evaluation", "variants names none that \"" + candidate.model.name +
                                 "\" could be evaluated by: all are of a trained model, and this one is not trained (" +
                                 (candidate.model.endpoint ? "it is behind a url" : "customization_enabled: false") +
                                 "); add base-eval" +
                                 (candidate.model.endpoint ? ", or give its path instead of its url"
                                                           : ", or set customization_enabled: true"));
  }
}

/// What no single section knows.
void check_together(YamlSection& root, const runs::RunConfig& run) {
  if (run.split.holdout_job.empty() && run.icl.max_examples > run.split.eval_size) {
    root.error("icl_config", "max_examples (" + std::to_string(run.icl.max_examples) +
                                 ") is larger than data_split_config.eval_size (" +
                                 std::to_string(run.split.eval_size) + "); lower it or raise eval_size");
  }
  check_something_is_evaluated(root, run);
  if (const auto why = cannot_decide(run)) root.warning("data_split_config", *why);
}

struct NamedListener {
  const char* section;
  ListenerSettings* settings;
};

std::array<NamedListener, 4> listeners_of(Config& config) {
  return {{{"server", &config.server.listener},
           {"gateway", &config.gateway_listener},
           {"elasticsearch", &config.elasticsearch.listener},
           {"otlp", &config.otlp.listener}}};
}

/// Files of a configuration lie beside it, wherever the program was started.
void resolve_files(Config& config, const std::filesystem::path& folder) {
  for (const NamedListener& one : listeners_of(config)) {
    for (std::string* file : {&one.settings->tls_certificate, &one.settings->tls_key})
      if (!file->empty()) *file = (folder / *file).string();
  }
  if (auto& cluster = config.log_store.elasticsearch; cluster && cluster->tls.certificate_authorities) {
    cluster->tls.certificate_authorities = folder / *cluster->tls.certificate_authorities;
  }
}

bool is_everywhere(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

/// Two listeners of one configuration cannot have one port: the second would be off.
void check_ports(Config& config, Problems& problems) {
  const auto all = listeners_of(config);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      const ListenerSettings &a = *all[i].settings, &b = *all[j].settings;
      if (!a.enabled || !b.enabled || a.port == 0 || a.port != b.port) continue;
      if (a.listen != b.listen && !is_everywhere(a.listen) && !is_everywhere(b.listen)) continue;
      problems.error(0, std::string(all[j].section) + ".port",
                     std::to_string(b.port) + " is " + all[i].section + ".port too; give each a port of its own, or 0");
    }
  }
}

}  // namespace

bool is_address(const std::string& text) {
  in6_addr place{};
  return ::inet_pton(AF_INET, text.c_str(), &place) == 1 || ::inet_pton(AF_INET6, text.c_str(), &place) == 1;
}

Environment process_environment() {
  return [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
}

Result<Config> parse_config(const std::string& text, const std::string& file, const std::filesystem::path& folder,
                            const Environment& environment) {
  Problems problems(file);
  FW_ASSIGN(YamlSection root, YamlSection::parse(text, problems, file));
  Config config;
  const std::string nim_base_url = read_platform(root, environment);
  read_logging(root, config);
  read_mlflow(root);
  config.run.judge = read_judge(root, environment);
  read_training(root, config.run.training);
  root.read("training_price_per_hour", config.run.training_price_per_hour, 0, 1e6);
  config.run.candidates = read_candidates(root, {folder, nim_base_url, config.run.training}, environment);
  read_split(root, config.run.split);
  read_icl(root, folder, config.run.icl, environment);
  read_dataset(root, config.run.use_corrections);
  read_production(root, config.run.production, environment);
  read_evaluation(root, folder, config.run.evaluation);
  read_promising(root, config.run.promising);
  read_review(root, config.review);
  check_together(root, config.run);
  config.run.webhooks = read_webhooks(root, environment);
  read_server(root, config.server, environment);
  read_log_store(root, config.log_store, environment);
  read_elasticsearch(root, config.elasticsearch, environment);
  read_otlp(root, config.otlp, environment);
  read_engines(root, config.engines);
  read_gateway(root, config.gateway, config.gateway_listener, environment);
  config.promotion.judge = config.run.judge;
  read_promotion(root, config.promotion, config.gateway.shadow, config.promotion_webhooks, environment);
  config.promotion.scoring.text_metric = config.run.evaluation.text_metric;
  config.promotion.serving.deploy_timeout =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(config.engines.deploy_timeout_seconds));
  read_auth(root, config.auth);
  config.redact = read_redaction(root, environment);
  root.leave_names_with("x-");
  root.finish();
  check_ports(config, problems);
  resolve_files(config, folder);
  warn_of_variables(problems, environment);
  if (problems.has_errors()) return problems.to_error();
  config.warnings = problems.warnings();
  config.file = file;
  config.settings = problems.take_settings();
  return config;
}

Result<Config> load_config(const std::filesystem::path& path, const Environment& environment) {
  auto text = io::read_file(path, kMaxFileBytes);
  if (!text.ok()) return std::move(text).error();
  return parse_config(*text, path.string(), path.parent_path(), environment);
}

Result<dataset::SplitSettings> parse_split_overrides(const std::string& json, const dataset::SplitSettings& base) {
  // JSON is YAML's flow style: one reader serves the file and the API.
  Problems problems("data_split_config");
  FW_ASSIGN(YamlSection root, YamlSection::parse(json, problems, "data_split_config"));
  dataset::SplitSettings settings = base;
  read_split_keys(root, settings);
  root.finish();
  if (problems.has_errors()) return problems.to_error();
  return settings;
}

}  // namespace fw::app
