#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fw::modelops {

/// What tokens cost, in US dollars per million.
struct Price {
  double input_per_million = 0;
  double output_per_million = 0;
  std::optional<double> cached_input_per_million =
      {};  ///< prompt tokens the server had computed before; absent: as others
};

/// An OpenAI-compatible server. `url` is the base up to and including `/v1`.
struct Endpoint {
  std::string url;
  std::string model;        ///< the `model` of requests
  std::string api_key_env;  ///< environment variable that holds the key; empty: no key is sent
};

/// How conversations become the model's text: the same in serving and in training, or what was trained is not served.
struct ChatSettings {
  std::filesystem::path template_file;  ///< Jinja; empty: the model's own
  bool enable_thinking = false;         ///< of models whose template can turn it off: think before answering
  bool has_tools = true;                ///< some of the rows carry tools
  std::string date;                     ///< what a template takes for today, `2026-11-26`; empty: the day of serving
};

/// A model as the configuration names it: exactly one of `path` (a GGUF file, or a Hugging Face folder) and `endpoint`.
struct ModelSpec {
  std::string name;
  std::filesystem::path path;
  std::optional<Endpoint> endpoint;
  std::vector<int> keep_layers;  ///< indices of the decoder layers that are kept; empty keeps all
  std::int64_t context_length = 8192;
  ChatSettings chat;
  std::optional<Price> price;

  [[nodiscard]] bool is_local() const { return !path.empty(); }
};

/// A LoRA adapter that a Trainer wrote.
struct Adapter {
  std::filesystem::path gguf;  ///< for llama.cpp
  std::filesystem::path peft;  ///< folder with adapter_config.json and adapter_model.safetensors
};

}  // namespace fw::modelops
