#include "runs/run_config_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "runs/impl/json_fields.h"

namespace fw::runs {

namespace {

using nlohmann::json;

constexpr int kVersion = 1;

json price_json(const std::optional<modelops::Price>& price) {
  if (!price) return nullptr;
  return {{"input_per_million", price->input_per_million},
          {"output_per_million", price->output_per_million},
          {"cached_input_per_million", optional_json(price->cached_input_per_million)}};
}

std::optional<modelops::Price> read_price(const json& value) {
  if (value.is_null()) return std::nullopt;
  return modelops::Price{value.at("input_per_million"), value.at("output_per_million"),
                         optional_field<double>(value, "cached_input_per_million")};
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

json overrides_json(const modelops::RequestOverrides& overrides) {
  return {{"rename", overrides.rename}, {"remove", overrides.remove}, {"set", overrides.set}};
}

json endpoint_json(const modelops::Endpoint& endpoint) {
  return {{"url", endpoint.url},
          {"model", endpoint.model},
          {"api_key_env", endpoint.api_key_env},
          {"api_key_header", endpoint.api_key_header},
          {"headers", endpoint.headers},
          {"query", endpoint.query},
          {"request_overrides", overrides_json(endpoint.overrides)},
          {"ask_at_deploy", endpoint.ask_at_deploy}};
}

/// Jobs from before an endpoint had more than a url, a model and a key lack the other keys.
modelops::Endpoint read_endpoint(const json& value) {
  modelops::Endpoint endpoint{
      .url = value.at("url"), .model = value.at("model"), .api_key_env = value.at("api_key_env")};
  endpoint.api_key_header = value.value("api_key_header", "");
  endpoint.headers = value.value("headers", Pairs());
  endpoint.query = value.value("query", Pairs());
  endpoint.ask_at_deploy = value.value("ask_at_deploy", false);
  if (const auto overrides = value.find("request_overrides"); overrides != value.end()) {
    endpoint.overrides.rename = overrides->at("rename").get<Pairs>();
    endpoint.overrides.remove = overrides->at("remove").get<std::vector<std::string>>();
    endpoint.overrides.set = overrides->at("set").get<Pairs>();
  }
  return endpoint;
}

std::string_view to_string(modelops::Schedule schedule) {
  switch (schedule) {
    case modelops::Schedule::kConstant: return "constant";
    case modelops::Schedule::kLinear: return "linear";
    case modelops::Schedule::kCosine: return "cosine";
  }
  return "unknown";
}

modelops::Schedule read_schedule(const std::string& name) {
  for (const auto schedule :
       {modelops::Schedule::kConstant, modelops::Schedule::kLinear, modelops::Schedule::kCosine}) {
    if (to_string(schedule) == name) return schedule;
  }
  throw json::other_error::create(501, "unknown schedule " + name, nullptr);
}

std::string_view to_string(modelops::TrainingDevice device) {
  switch (device) {
    case modelops::TrainingDevice::kAuto: return "auto";
    case modelops::TrainingDevice::kCpu: return "cpu";
    case modelops::TrainingDevice::kCuda: return "cuda";
  }
  return "unknown";
}

modelops::TrainingDevice read_device(const std::string& name) {
  for (const auto device :
       {modelops::TrainingDevice::kAuto, modelops::TrainingDevice::kCpu, modelops::TrainingDevice::kCuda}) {
    if (to_string(device) == name) return device;
  }
  throw json::other_error::create(501, "unknown device " + name, nullptr);
}

modelops::TrainingSettings read_training(const json& value) {
  modelops::TrainingSettings t;
  t.epochs = value.at("epochs");
  t.batch_size = value.at("batch_size");
  t.learning_rate = value.at("learning_rate");
  t.adapter_dim = value.at("adapter_dim");
  t.adapter_dropout = value.at("adapter_dropout");
  t.alpha = optional_field<double>(value, "alpha");
  t.upper_layers = optional_field<int>(value, "upper_layers");
  t.rank_stabilised = value.value("rank_stabilised", false);
  t.patience = value.value("patience", 0);
  if (value.value("best_by", "loss") == "exact") t.best_by = modelops::BestBy::kExact;
  t.schedule = read_schedule(value.at("schedule"));
  t.warmup_ratio = value.at("warmup_ratio");
  t.final_lr_ratio = value.at("final_lr_ratio");
  t.clip_norm = value.at("clip_norm");
  t.weight_decay = value.at("weight_decay");
  t.gradient_accumulation = value.at("gradient_accumulation");
  t.max_seq_length = value.at("max_seq_length");
  if (value.value("precision", "fastest") == "fp32") t.precision = modelops::TrainingPrecision::kFp32;
  t.device = read_device(value.value("device", "auto"));
  return t;
}

json candidate_json(const Candidate& candidate) {
  const auto& model = candidate.model;
  return {{"model_name", model.name},
          {"path", model.path.string()},
          {"endpoint", model.endpoint ? endpoint_json(*model.endpoint) : json(nullptr)},
          {"keep_layers", model.keep_layers},
          {"context_length", model.context_length},
          {"price", price_json(model.price)},
          {"chat_template", model.chat.template_file.string()},
          {"enable_thinking", model.chat.enable_thinking},
          {"customization_enabled", candidate.customization_enabled},
          {"training_config", to_json(candidate.training)}};
}

/// `defaults`: for jobs from before a candidate had training settings of its own.
Candidate read_candidate(const json& value, const modelops::TrainingSettings& defaults) {
  Candidate candidate;
  candidate.model.name = value.at("model_name");
  candidate.model.path = value.at("path").get<std::string>();
  if (const auto& endpoint = value.at("endpoint"); !endpoint.is_null())
    candidate.model.endpoint = read_endpoint(endpoint);
  candidate.model.keep_layers = value.at("keep_layers").get<std::vector<int>>();
  candidate.model.context_length = value.at("context_length");
  candidate.model.price = read_price(value.at("price"));
  candidate.customization_enabled = value.at("customization_enabled");
  const auto own = value.find("training_config");
  candidate.training = own == value.end() ? defaults : read_training(*own);
  candidate.model.chat.template_file = value.value("chat_template", std::string());
  candidate.model.chat.enable_thinking = value.value("enable_thinking", false);
  return candidate;
}

json split_json(const dataset::SplitSettings& split) {
  return {{"eval_size", split.eval_size},
          {"val_ratio", split.val_ratio},
          {"min_total_records", split.min_total_records},
          {"random_seed", optional_json(split.random_seed)},
          {"limit", optional_json(split.limit)},
          {"parse_function_arguments", split.parse_function_arguments},
          {"newest_holdout", split.newest_holdout},
          {"newest_eval_share", split.newest_eval_share},
          {"keep_templates_together", split.keep_templates_together},
          {"keep_near_duplicates_apart", split.keep_near_duplicates_apart},
          {"near_duplicate_threshold", split.near_duplicate_threshold},
          {"max_leaked_share", split.max_leaked_share},
          {"max_answered_share", split.max_answered_share},
          {"suspicious_answers", split.suspicious_answers == dataset::SuspiciousAnswers::kDrop ? "drop" : "keep"},
          {"holdout_job", split.holdout_job.empty() ? json(nullptr) : json(split.holdout_job)},
          {"holdout_min_rows", split.holdout_min_rows}};
}

dataset::SplitSettings read_split(const json& value) {
  dataset::SplitSettings split;
  split.eval_size = value.at("eval_size");
  split.val_ratio = value.at("val_ratio");
  split.min_total_records = value.at("min_total_records");
  split.random_seed = optional_field<std::uint64_t>(value, "random_seed");
  split.limit = optional_field<std::uint64_t>(value, "limit");
  split.parse_function_arguments = value.at("parse_function_arguments");
  split.newest_holdout = value.at("newest_holdout");
  split.newest_eval_share = value.at("newest_eval_share");
  // Jobs of older versions have none of these.
  split.keep_templates_together = value.value("keep_templates_together", split.keep_templates_together);
  split.keep_near_duplicates_apart = value.value("keep_near_duplicates_apart", split.keep_near_duplicates_apart);
  split.near_duplicate_threshold = value.value("near_duplicate_threshold", split.near_duplicate_threshold);
  split.max_leaked_share = value.value("max_leaked_share", split.max_leaked_share);
  split.max_answered_share = value.value("max_answered_share", split.max_answered_share);
  if (value.value("suspicious_answers", "keep") == std::string_view("drop")) {
    split.suspicious_answers = dataset::SuspiciousAnswers::kDrop;
  }
  split.holdout_job = optional_field<std::string>(value, "holdout_job").value_or("");
  split.holdout_min_rows = value.value("holdout_min_rows", split.holdout_min_rows);
  return split;
}

json holdout_json(const std::optional<modelops::DatasetRef>& set) {
  if (!set) return nullptr;
  return {{"name", set->name}, {"digest", set->digest}, {"uri", set->uri}, {"num_records", set->num_records}};
}

/// Jobs of older versions have none.
std::optional<modelops::DatasetRef> read_holdout(const json& config) {
  const auto set = config.find("holdout");
  if (set == config.end() || set->is_null()) return std::nullopt;
  return modelops::DatasetRef{set->at("name"), set->at("digest"), set->at("uri"), set->at("num_records")};
}

/// One that is behind a url is its endpoint, as older versions wrote it.
json embedding_json(const modelops::ModelSpec& model) {
  if (model.endpoint) return endpoint_json(*model.endpoint);
  return {{"model_name", model.name}, {"path", model.path.string()}, {"context_length", model.context_length}};
}

modelops::ModelSpec read_embedding(const json& value) {
  modelops::ModelSpec model;
  if (!value.contains("path")) {
    model.endpoint = read_endpoint(value);
    model.name = model.endpoint->model;
    return model;
  }
  model.name = value.at("model_name");
  model.path = value.at("path").get<std::string>();
  model.context_length = value.at("context_length");
  return model;
}

json icl_json(const dataset::IclSettings& icl) {
  const bool is_similar = icl.selection == dataset::ExampleSelection::kSimilar;
  return {{"max_context_length", icl.max_context_length},
          {"reserved_tokens", icl.reserved_tokens},
          {"max_examples", icl.max_examples},
          {"min_examples", icl.min_examples},
          {"example_selection", is_similar ? "semantic_similarity" : "uniform_distribution"},
          {"relevance_ratio", icl.relevance_ratio},
          {"embedding", icl.embedding ? embedding_json(*icl.embedding) : json(nullptr)}};
}

/// Jobs from before examples could be chosen by similarity lack the last three.
dataset::IclSettings read_icl(const json& value) {
  dataset::IclSettings icl{.max_context_length = value.at("max_context_length"),
                           .reserved_tokens = value.at("reserved_tokens"),
                           .max_examples = value.at("max_examples"),
                           .min_examples = value.at("min_examples")};
  if (value.value("example_selection", "uniform_distribution") == "semantic_similarity")
    icl.selection = dataset::ExampleSelection::kSimilar;
  icl.relevance_ratio = value.value("relevance_ratio", icl.relevance_ratio);
  if (const auto embedding = value.find("embedding"); embedding != value.end() && !embedding->is_null())
    icl.embedding = read_embedding(*embedding);
  return icl;
}

json variants_json(const std::vector<modelops::Variant>& variants) {
  json list = json::array();
  for (const auto& variant : variants) {
    if (variant.prompt.empty()) {
      list.push_back(*variant.id());
    } else {
      list.push_back({{"id", *variant.id()}, {"system_prompt", variant.system_prompt}});
    }
  }
  return list;
}

std::vector<modelops::Variant> read_variants(const json& list) {
  std::vector<modelops::Variant> variants;
  for (const auto& one : list) {
    const auto id = one.is_object() ? one.at("id").get<std::string>() : one.get<std::string>();
    auto variant = modelops::find_variant(id);
    if (!variant || variant->prompt.empty() == one.is_object())
      throw json::other_error::create(501, "unknown variant " + id, nullptr);
    if (one.is_object()) variant->system_prompt = one.at("system_prompt").get<std::string>();
    variants.push_back(std::move(*variant));
  }
  return variants;
}

/// By EvaluationSettings::LogProbabilities.
constexpr std::array<std::string_view, 3> kLogProbabilities{"off", "engines", "all"};

json evaluation_json(const EvaluationSettings& evaluation) {
  return {{"parallelism", evaluation.parallelism},
          {"request_timeout_seconds", to_seconds(evaluation.request_timeout)},
          {"max_retries", evaluation.max_retries},
          {"max_tokens", evaluation.max_tokens},
          {"variants", variants_json(evaluation.variants)},
          {"untuned_rows", evaluation.untuned_rows ? json(*evaluation.untuned_rows) : json()},
          {"log_probabilities", kLogProbabilities.at(static_cast<std::size_t>(evaluation.log_probabilities))},
          {"text_metric", evaluation.text_metric}};
}

EvaluationSettings read_evaluation(const json& value) {
  const std::chrono::duration<double> timeout(value.at("request_timeout_seconds").get<double>());
  EvaluationSettings settings{value.at("parallelism"), std::chrono::duration_cast<Duration>(timeout),
                              value.at("max_retries"), value.at("max_tokens")};
  if (value.contains("variants")) settings.variants = read_variants(value.at("variants"));
  if (value.contains("untuned_rows") && !value.at("untuned_rows").is_null())
    settings.untuned_rows = value.at("untuned_rows").get<std::uint64_t>();
  const auto asked = std::ranges::find(kLogProbabilities, value.value("log_probabilities", "engines"));
  if (asked != kLogProbabilities.end())
    settings.log_probabilities = static_cast<EvaluationSettings::LogProbabilities>(asked - kLogProbabilities.begin());
  settings.text_metric = value.value("text_metric", settings.text_metric);
  return settings;
}

json webhooks_json(const std::vector<Webhook>& webhooks) {
  json list = json::array();
  for (const auto& webhook : webhooks) {
    list.push_back({{"url", webhook.url}, {"secret_env", webhook.secret_env}, {"max_attempts", webhook.max_attempts}});
  }
  return list;
}

json production_json(const ProductionModel& production) {
  return {{"name", production.name},
          {"price", price_json(production.price)},
          {"endpoint", production.endpoint ? endpoint_json(*production.endpoint) : json(nullptr)},
          {"replay_rows", production.replay_rows}};
}

ProductionModel read_production(const json& value) {
  ProductionModel production{.name = value.at("name"), .price = read_price(value.at("price"))};
  if (const auto endpoint = value.find("endpoint"); endpoint != value.end() && !endpoint->is_null())
    production.endpoint = read_endpoint(*endpoint);
  production.replay_rows = value.value("replay_rows", production.replay_rows);
  return production;
}

json promising_json(const PromisingRule& rule) { return {{"margin", rule.margin}, {"min_rows", rule.min_rows}}; }

PromisingRule read_promising(const json& value) {
  PromisingRule rule{.margin = value.at("margin")};
  rule.min_rows = value.value("min_rows", rule.min_rows);
  return rule;
}

RunConfig read_config(const json& value) {
  if (value.at("version") != kVersion) throw json::other_error::create(501, "unknown version", nullptr);
  RunConfig config;
  config.training = read_training(value.at("training_config"));
  for (const auto& candidate : value.at("candidates"))
    config.candidates.push_back(read_candidate(candidate, config.training));
  config.production = read_production(value.at("production"));
  config.split = read_split(value.at("data_split_config"));
  config.holdout = read_holdout(value);
  config.icl = read_icl(value.at("icl_config"));
  if (const auto dataset = value.find("dataset"); dataset != value.end())  // jobs of older versions have none
    config.use_corrections = dataset->at("use_corrections");
  config.evaluation = read_evaluation(value.at("evaluation"));
  if (const auto& judge = value.at("judge"); !judge.is_null()) config.judge = modelops::Judge{read_endpoint(judge)};
  config.promising = read_promising(value.at("promising"));
  config.training_price_per_hour = optional_field<double>(value, "training_price_per_hour");
  for (const auto& webhook : value.at("webhooks")) {
    config.webhooks.push_back({webhook.at("url"), webhook.at("secret_env"), webhook.at("max_attempts")});
  }
  return config;
}

/// `http://user:word@host/path?key=k` becomes `http://host/path`.
std::string without_secrets(const std::string& url, bool host_only) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url.empty() ? url : "(not shown)";
  const auto begin = scheme + 3;
  const auto end_of_authority = std::min(url.find_first_of("/?#", begin), url.size());
  auto host = url.substr(begin, end_of_authority - begin);
  if (const auto at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  auto path = url.substr(end_of_authority);
  path.erase(std::min(path.find_first_of("?#"), path.size()));
  return url.substr(0, begin) + host + (host_only ? "" : path);
}

/// Values of headers and query may be keys: only the variables that they name are shown.
void hide_secrets(modelops::Endpoint& endpoint) {
  endpoint.url = without_secrets(endpoint.url, false);
  for (auto* pairs : {&endpoint.headers, &endpoint.query}) {
    for (auto& [name, value] : *pairs) {
      if (!value.starts_with("${") || value.find('}') + 1 != value.size()) value = "(not shown)";
    }
  }
}

}  // namespace

json to_json(const modelops::TrainingSettings& t) {
  return {{"epochs", t.epochs},
          {"batch_size", t.batch_size},
          {"learning_rate", t.learning_rate},
          {"adapter_dim", t.adapter_dim},
          {"adapter_dropout", t.adapter_dropout},
          {"alpha", optional_json(t.alpha)},
          {"upper_layers", optional_json(t.upper_layers)},
          {"rank_stabilised", t.rank_stabilised},
          {"patience", t.patience},
          {"best_by", t.best_by == modelops::BestBy::kExact ? "exact" : "loss"},
          {"schedule", to_string(t.schedule)},
          {"warmup_ratio", t.warmup_ratio},
          {"final_lr_ratio", t.final_lr_ratio},
          {"clip_norm", t.clip_norm},
          {"weight_decay", t.weight_decay},
          {"gradient_accumulation", t.gradient_accumulation},
          {"max_seq_length", t.max_seq_length},
          {"precision", t.precision == modelops::TrainingPrecision::kFp32 ? "fp32" : "fastest"},
          {"device", to_string(t.device)}};
}

json to_json(const RunConfig& config) {
  json candidates = json::array();
  for (const auto& candidate : config.candidates) candidates.push_back(candidate_json(candidate));
  return {{"version", kVersion},
          {"candidates", std::move(candidates)},
          {"production", production_json(config.production)},
          {"data_split_config", split_json(config.split)},
          {"holdout", holdout_json(config.holdout)},
          {"icl_config", icl_json(config.icl)},
          {"dataset", {{"use_corrections", config.use_corrections}}},
          {"training_config", to_json(config.training)},
          {"evaluation", evaluation_json(config.evaluation)},
          {"judge", config.judge ? endpoint_json(config.judge->endpoint) : json(nullptr)},
          {"promising", promising_json(config.promising)},
          {"training_price_per_hour", optional_json(config.training_price_per_hour)},
          {"webhooks", webhooks_json(config.webhooks)}};
}

json to_public_json(const RunConfig& config) {
  RunConfig shown = config;
  for (auto& candidate : shown.candidates) {
    if (candidate.model.endpoint) hide_secrets(*candidate.model.endpoint);
  }
  if (shown.production.endpoint) hide_secrets(*shown.production.endpoint);
  if (shown.judge) hide_secrets(shown.judge->endpoint);
  if (shown.icl.embedding && shown.icl.embedding->endpoint) hide_secrets(*shown.icl.embedding->endpoint);
  for (auto& webhook : shown.webhooks) webhook.url = without_secrets(webhook.url, true);
  return to_json(shown);
}

Result<RunConfig> run_config_from_json(std::string_view text) {
  return read_own_json<RunConfig>(text, "a job's configuration", read_config);
}

Status check(const dataset::SplitSettings& split) {
  const std::string section = "data_split_config.";
  if (split.eval_size == 0) return invalid_argument(section + "eval_size is 0; at least 1 row is needed");
  if (!(split.val_ratio >= 0 && split.val_ratio < 1)) {
    return invalid_argument(section + "val_ratio is " + std::to_string(split.val_ratio) + "; it must be in [0, 1)");
  }
  if (!(split.newest_holdout >= 0 && split.newest_holdout < 1)) {
    return invalid_argument(section + "newest_holdout must be in [0, 1)");
  }
  if (!(split.newest_eval_share >= 0 && split.newest_eval_share <= 1)) {
    return invalid_argument(section + "newest_eval_share must be in [0, 1]");
  }
  if (!(split.near_duplicate_threshold > 0 && split.near_duplicate_threshold <= 1)) {
    return invalid_argument(section + "near_duplicate_threshold must be in (0, 1]");
  }
  if (!(split.max_leaked_share >= 0 && split.max_leaked_share <= 1)) {
    return invalid_argument(section + "max_leaked_share must be in [0, 1]");
  }
  if (!(split.max_answered_share >= 0 && split.max_answered_share <= 1)) {
    return invalid_argument(section + "max_answered_share must be in [0, 1]");
  }
  if (split.limit && *split.limit < split.min_total_records) {
    return invalid_argument(section + "limit (" + std::to_string(*split.limit) + ") is below min_total_records (" +
                            std::to_string(split.min_total_records) + "); raise limit or lower min_total_records");
  }
  return {};
}

}  // namespace fw::runs
