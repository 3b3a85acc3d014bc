#include <set>

#include "app/config/endpoint_section.h"
#include "app/config/sections.h"

namespace fw::app {
namespace {

constexpr const char* kEndpointKeys[] = {"api_key_env", "api_key_header",    "headers",
                                         "query",       "request_overrides", "deploy_check"};

void read_source(YamlSection& section, const CandidateDefaults& defaults, const Environment& environment,
                 modelops::ModelSpec& model) {
  std::string path;
  std::string url;
  modelops::Endpoint endpoint{.model = model.name};
  section.read("path", path);
  section.read("url", url);
  section.read("served_model_name", endpoint.model);
  read_endpoint_keys(section, endpoint, environment);
  if (!path.empty() && !url.empty()) section.error("url", "path and url exclude each other; keep one");
  if (section.has("url")) url = checked_url(section, "url", url, environment);
  if (path.empty() && !section.has("url")) url = defaults.nim_base_url;
  if (!path.empty()) {
    model.path = (defaults.folder / path).lexically_normal();
    for (const char* key : kEndpointKeys)
      if (section.has(key)) section.warning(key, "has no effect: the model has a path and is served on this machine");
  } else if (!url.empty()) {
    endpoint.url = url;
    model.endpoint = std::move(endpoint);
  } else if (!section.has("url")) {
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

/// A model that cannot be trained here is said to be so; its training settings are still checked.
void read_customization(YamlSection& section, bool is_language_model, runs::Candidate& candidate) {
  read_customizer(section, candidate.training);
  read_training(section, candidate.training);
  if (candidate.training.device == modelops::TrainingDevice::kCuda &&
      candidate.training.precision == modelops::TrainingPrecision::kFp32)
    section.error("customizer_configs",
                  "training_precision fp32 is the processor's, and training_config.device is cuda: a GPU multiplies in "
                  "bf16; leave one of both out");
  if (candidate.customization_enabled && candidate.model.endpoint && is_language_model) {
    section.warning("customization_enabled",
                    "has no effect: a model behind a url cannot be trained here; give its path");
    candidate.customization_enabled = false;
  }
}

std::optional<runs::Candidate> read_candidate(YamlSection& section, const CandidateDefaults& defaults,
                                              const Environment& environment) {
  runs::Candidate candidate{.training = defaults.training};
  std::size_t type = 0;
  section.read(section.either("model_name", "model_id"), candidate.model.name);
  if (candidate.model.name.empty()) section.error("model_name", "is missing");
  section.read_choice(section.either("model_type", "type"), type, {"llm", "embedding"});
  section.read("context_length", candidate.model.context_length, 128, 10'000'000);
  // What it is to answer is what it may learn from.
  candidate.training.max_seq_length = static_cast<int>(candidate.model.context_length);
  section.read("customization_enabled", candidate.customization_enabled);
  for (const char* key : {"gpus", "pvc_size", "tag", "registry_base", "nim_parallelism"})
    section.inapplicable(key, kNoContainers);
  read_source(section, defaults, environment, candidate.model);
  read_customization(section, type == 0, candidate);
  candidate.model.price = read_price(section);
  section.finish();
  if (type == 1) {
    section.warning("model_type",
                    "has no effect: an embedding model is no candidate; the one that chooses examples stands in "
                    "icl_config.similarity_config.embedding_nim_config");
    return std::nullopt;
  }
  return candidate;
}

}  // namespace

std::optional<modelops::Price> read_price(YamlSection& section) {
  auto price_section = section.section("price");
  if (!price_section) return std::nullopt;
  modelops::Price price;
  price_section->read("input_per_million", price.input_per_million, 0, 1e6);
  price_section->read("output_per_million", price.output_per_million, 0, 1e6);
  price_section->read("cached_input_per_million", price.cached_input_per_million, 0, 1e6);
  for (const char* key : {"input_per_million", "output_per_million"}) {
    if (!price_section->has(key))
      price_section->error(key, "is missing; a price has both (US dollars per million tokens)");
  }
  price_section->finish();
  return price;
}

std::vector<runs::Candidate> read_candidates(YamlSection& root, const CandidateDefaults& defaults,
                                             const Environment& environment) {
  std::vector<runs::Candidate> out;
  std::set<std::string> names;
  for (auto& section : root.list("nims")) {
    auto candidate = read_candidate(section, defaults, environment);
    if (!candidate) continue;
    if (!names.insert(candidate->model.name).second) {
      section.warning("model_name", "\"" + candidate->model.name + "\" stands in the list before; this one is dropped");
      continue;
    }
    out.push_back(std::move(*candidate));
  }
  if (out.empty() && root.has("gateway")) {
    root.warning("nims", "holds no candidate models: the gateway captures traffic, but runs have nothing to try");
  } else if (out.empty()) {
    root.error("nims", "at least one candidate model (model_type llm) is needed");
  }
  return out;
}

}  // namespace fw::app
