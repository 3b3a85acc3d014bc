#include "app/config/sections.h"

#include <set>

namespace fw::app {
namespace {

constexpr std::string_view kNoContainers = "no containers are started here; the model runs on this machine";
constexpr std::string_view kOneMachine = "training runs in one process on this machine";
constexpr std::string_view kNoSimilarity =
    "examples are chosen by uniform_distribution; there is no similarity search yet";

constexpr std::uint64_t kMaxRows = 1'000'000'000;
constexpr std::uint64_t kMaxTokens = 10'000'000;

std::optional<modelops::Price> read_price(YamlSection& section) {
  auto price_section = section.section("price");
  if (!price_section) return std::nullopt;
  modelops::Price price;
  price_section->read("input_per_million", price.input_per_million, 0, 1e6);
  price_section->read("output_per_million", price.output_per_million, 0, 1e6);
  for (const char* key : {"input_per_million", "output_per_million"}) {
    if (!price_section->has(key))
      price_section->error(key, "is missing; a price has both (US dollars per million tokens)");
  }
  price_section->finish();
  return price;
}

bool is_http_url(const std::string& url) { return url.starts_with("http://") || url.starts_with("https://"); }

/// `http://host/v1` of any of the forms that people write: with or without `/v1`, a slash, or `/chat/completions`.
std::string api_base(std::string url) {
  constexpr std::string_view kCompletions = "/chat/completions";
  if (url.ends_with(kCompletions)) url.resize(url.size() - kCompletions.size());
  while (url.ends_with('/')) url.pop_back();
  if (!url.ends_with("/v1")) url += "/v1";
  return url;
}

void read_precision(YamlSection& section, modelops::TrainingPrecision& precision) {
  static const std::vector<std::string> kNames{"bf16-mixed", "bf16",       "fp32", "32",  "32-true",
                                               "fp16",       "fp16-mixed", "fp8",  "int8"};
  std::size_t index = 0;
  section.read_choice("training_precision", index, kNames);
  const std::string& name = kNames[index];
  if (name.find("32") != std::string::npos) {
    precision = modelops::TrainingPrecision::kFp32;
  } else if (!name.starts_with("bf16")) {
    section.warning("training_precision", "is not done here; bf16-mixed is used where it is faster");
  }
}

/// The blueprint requires this section where customization is on. A candidate with a path of its own needs nothing of
/// it.
void read_customizer(YamlSection& candidate, bool enabled, modelops::TrainingSettings& training) {
  auto section = candidate.section("customizer_configs");
  if (!section) {
    if (enabled && !candidate.has("path")) {
      candidate.error("customization_enabled", "customizer_configs is required when customization is enabled");
    }
    return;
  }
  section->read("max_seq_length", training.max_seq_length, 16, 1 << 20);
  read_precision(*section, training.precision);
  for (const char* key : {"target", "gpus", "num_nodes", "tensor_parallel_size", "data_parallel_size",
                          "use_sequence_parallel", "micro_batch_size"}) {
    section->inapplicable(key, kOneMachine);
  }
  section->finish();
}

void read_source(YamlSection& section, const CandidateDefaults& defaults, modelops::ModelSpec& model) {
  std::string path;
  std::string url;
  std::string key_env;
  std::string served_name = model.name;
  section.read("path", path);
  section.read("url", url);
  section.read("api_key_env", key_env);
  section.read("served_model_name", served_name);
  if (!path.empty() && !url.empty()) section.error("url", "path and url exclude each other; keep one");
  if (!url.empty() && !is_http_url(url)) section.error("url", "expected http://... or https://...");
  if (path.empty() && url.empty()) url = defaults.nim_base_url;
  if (!path.empty()) {
    model.path = (defaults.folder / path).lexically_normal();
  } else if (!url.empty()) {
    model.endpoint = modelops::Endpoint{api_base(url), served_name, key_env};
  } else {
    section.warning("model_name",
                    "names neither path (a GGUF file) nor url (an OpenAI-compatible server): "
                    "its deployment will fail");
  }
  std::string chat_template;
  section.read("chat_template", chat_template);
  if (!chat_template.empty()) model.chat.template_file = (defaults.folder / chat_template).lexically_normal();
  section.read("enable_thinking", model.chat.enable_thinking);
  if (path.empty() && (!chat_template.empty() || model.chat.enable_thinking)) {
    section.error(chat_template.empty() ? "enable_thinking" : "chat_template",
                  "is for a model with a path; one behind a url renders its conversations itself");
  }
  section.read_layers("keep_layers", model.keep_layers);
  if (!model.keep_layers.empty() && path.empty()) {
    section.error("keep_layers", "layers can be left out only of a model with a path");
  }
}

std::optional<runs::Candidate> read_candidate(YamlSection& section, const CandidateDefaults& defaults,
                                              modelops::TrainingSettings& training) {
  runs::Candidate candidate;
  std::size_t type = 0;
  section.read("model_name", candidate.model.name);
  if (candidate.model.name.empty()) section.error("model_name", "is missing");
  section.read_choice("model_type", type, {"llm", "embedding"});
  section.read("context_length", candidate.model.context_length, 128, 10'000'000);
  section.read("customization_enabled", candidate.customization_enabled);
  for (const char* key : {"gpus", "pvc_size", "tag", "registry_base"}) section.inapplicable(key, kNoContainers);
  read_customizer(section, candidate.customization_enabled, training);
  read_source(section, defaults, candidate.model);
  candidate.model.price = read_price(section);
  if (candidate.customization_enabled && candidate.model.endpoint && type == 0) {
    section.warning("customization_enabled",
                    "has no effect: a model behind a url cannot be trained here; give its path");
    candidate.customization_enabled = false;
  }
  section.finish();
  if (type == 1) {
    section.warning("model_type",
                    std::string("has no effect: embedding models are not used; ") + std::string(kNoSimilarity));
    return std::nullopt;
  }
  return candidate;
}

}  // namespace

std::vector<runs::Candidate> read_candidates(YamlSection& root, const CandidateDefaults& defaults,
                                             modelops::TrainingSettings& training) {
  std::vector<runs::Candidate> out;
  std::set<std::string> names;
  for (auto& section : root.list("nims")) {
    auto candidate = read_candidate(section, defaults, training);
    if (!candidate) continue;
    if (!names.insert(candidate->model.name).second) {
      section.warning("model_name", "\"" + candidate->model.name + "\" stands in the list before; this one is dropped");
      continue;
    }
    out.push_back(std::move(*candidate));
  }
  if (out.empty()) root.error("nims", "at least one candidate model (model_type llm) is needed");
  return out;
}

std::optional<modelops::Judge> read_judge(YamlSection& root, const Environment& environment) {
  auto section = root.section("llm_judge_config");
  if (!section) return std::nullopt;
  std::size_t type = 0;
  modelops::Endpoint endpoint;
  std::string url;
  section->read_choice("deployment_type", type, {"remote", "local"});
  section->read("url", url);
  section->read("model_name", endpoint.model);
  endpoint.api_key_env = environment("LLM_JUDGE_API_KEY").empty() ? "NVIDIA_API_KEY" : "LLM_JUDGE_API_KEY";
  section->read("api_key_env", endpoint.api_key_env);
  for (const char* key : {"context_length", "gpus", "pvc_size", "tag", "registry_base"}) {
    section->inapplicable(key, kNoContainers);
  }
  section->finish();
  if (type == 1) {
    section->warning("deployment_type",
                     "has no effect: a local judge is not started here; without a remote one answers "
                     "are compared by rule and by ROUGE-L");
    return std::nullopt;
  }
  if (!is_http_url(url)) section->error("url", "a remote judge needs the url of its chat completions");
  if (endpoint.model.empty()) section->error("model_name", "is missing");
  endpoint.url = api_base(url);
  return modelops::Judge{endpoint};
}

void read_training(YamlSection& root, modelops::TrainingSettings& training) {
  if (auto section = root.section("training_config")) {
    std::size_t only = 0;
    section->read_choice("training_type", only, {"sft"});
    section->read_choice("finetuning_type", only, {"lora"});
    section->read("epochs", training.epochs, 1, 1000);
    section->read("batch_size", training.batch_size, 1, 4096);
    section->read("learning_rate", training.learning_rate, 1e-9, 10);
    auto schedule = static_cast<std::size_t>(training.schedule);
    section->read_choice("schedule", schedule, {"constant", "linear", "cosine"});
    training.schedule = static_cast<modelops::Schedule>(schedule);
    section->read("warmup_ratio", training.warmup_ratio, 0, 1);
    section->read("final_lr_ratio", training.final_lr_ratio, 0, 1);
    section->read("clip_norm", training.clip_norm, 0, 1e6);
    section->read("weight_decay", training.weight_decay, 0, 10);
    section->read("gradient_accumulation", training.gradient_accumulation, 1, 4096);
    section->finish();
  }
  if (auto section = root.section("lora_config")) {
    section->read("adapter_dim", training.adapter_dim, 1, 4096);
    section->read("adapter_dropout", training.adapter_dropout, 0, 0.99);
    section->read("alpha", training.alpha, 1e-6, 1e6);
    section->read("upper_layers", training.upper_layers, 1, 1024);
    section->finish();
  }
}

void read_split_keys(YamlSection& section, dataset::SplitSettings& split) {
  section.read("eval_size", split.eval_size, 1, kMaxRows);
  section.read("val_ratio", split.val_ratio, 0, 0.999999);
  section.read("min_total_records", split.min_total_records, 1, kMaxRows);
  section.read("random_seed", split.random_seed, 0, UINT64_MAX);
  section.read("limit", split.limit, 1, kMaxRows);
  section.read("parse_function_arguments", split.parse_function_arguments);
  section.read("newest_holdout", split.newest_holdout, 0, 0.9);
  section.read("newest_eval_share", split.newest_eval_share, 0, 1);
  if (split.limit && *split.limit < split.min_total_records) {
    section.error("limit", std::to_string(*split.limit) + " is less than min_total_records (" +
                               std::to_string(split.min_total_records) + "); raise it, or null for no limit");
  }
}

void read_split(YamlSection& root, dataset::SplitSettings& split) {
  if (auto section = root.section("data_split_config")) {
    read_split_keys(*section, split);
    section->finish();
  }
}

void read_icl(YamlSection& root, dataset::IclSettings& icl) {
  auto section = root.section("icl_config");
  if (!section) return;
  section->read("max_context_length", icl.max_context_length, 16, kMaxTokens);
  section->read("reserved_tokens", icl.reserved_tokens, 0, kMaxTokens);
  section->read("max_examples", icl.max_examples, 0, 1000);
  section->read("min_examples", icl.min_examples, 0, 1000);
  std::size_t selection = 0;
  section->read_choice("example_selection", selection, {"uniform_distribution", "semantic_similarity"});
  if (auto similarity = section->section("similarity_config")) {
    double relevance_ratio = 0.7;
    similarity->read("relevance_ratio", relevance_ratio, 0, 1);
    const bool has_embedding = similarity->section("embedding_nim_config").has_value();
    if (selection == 1 && !has_embedding) {
      similarity->error("embedding_nim_config", "is required for example_selection semantic_similarity");
    }
    similarity->finish();
    section->warning("similarity_config", std::string("has no effect: ") + std::string(kNoSimilarity));
  } else if (selection == 1) {
    section->error("similarity_config", "embedding_nim_config is required for example_selection semantic_similarity");
  }
  if (selection == 1)
    section->warning("example_selection", std::string("has no effect: ") + std::string(kNoSimilarity));
  if (icl.reserved_tokens >= icl.max_context_length) {
    section->error("reserved_tokens", "leaves no room in max_context_length; lower it");
  }
  if (icl.min_examples > icl.max_examples) section->error("min_examples", "is larger than max_examples");
  section->finish();
}

void read_production(YamlSection& root, runs::ProductionModel& production) {
  if (auto section = root.section("production")) {
    section->read("model_name", production.name);
    production.price = read_price(*section);
    section->finish();
  }
}

void read_evaluation(YamlSection& root, runs::EvaluationSettings& evaluation) {
  if (auto section = root.section("evaluation")) {
    double timeout = to_seconds(evaluation.request_timeout);
    section->read("parallelism", evaluation.parallelism, 1, 1024);
    section->read("request_timeout_seconds", timeout, 0.1, 86'400);
    section->read("max_retries", evaluation.max_retries, 0, 100);
    section->read("max_tokens", evaluation.max_tokens, 1, 1 << 20);
    evaluation.request_timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(timeout));
    section->finish();
  }
}

void read_promising(YamlSection& root, runs::PromisingRule& promising) {
  if (auto section = root.section("promising")) {
    section->read("margin", promising.margin, 0, 1);
    section->finish();
  }
}

std::vector<runs::Webhook> read_webhooks(YamlSection& root) {
  std::vector<runs::Webhook> out;
  for (auto& section : root.list("webhooks")) {
    runs::Webhook hook;
    section.read("url", hook.url);
    if (!is_http_url(hook.url)) section.error("url", "expected http://... or https://...");
    section.read("secret_env", hook.secret_env);
    if (hook.secret_env.empty()) section.error("secret_env", "is missing: the variable that holds the signing key");
    section.read("max_attempts", hook.max_attempts, 1, 100);
    section.finish();
    out.push_back(std::move(hook));
  }
  return out;
}

}  // namespace fw::app
