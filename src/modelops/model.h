#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fw::modelops {

/// What tokens cost, in US dollars per million.
struct Price {
  double input_per_million = 0;
  double output_per_million = 0;
  std::optional<double> cached_input_per_million =
      {};  ///< prompt tokens the server had computed before; absent: as others
};

/// What an endpoint wants otherwise in the requests it gets: parameters are renamed, then removed, then set.
struct RequestOverrides {
  std::vector<std::pair<std::string, std::string>> rename;  ///< name, new name
  std::vector<std::string> remove;
  std::vector<std::pair<std::string, std::string>> set;  ///< name, value as JSON

  friend bool operator==(const RequestOverrides&, const RequestOverrides&) = default;
};

/// An OpenAI-compatible server. Values of headers and query may name environment variables, `${NAME}`, which are read
/// when a request is sent: keys stand in no file.
struct Endpoint {
  /// As its provider gives it: a base, with or without `/v1`, or the address of its chat completions, either possibly
  /// with a query.
  std::string url;
  std::string model;        ///< the `model` of requests
  std::string api_key_env;  ///< environment variable that holds the key; empty: no key is sent
  /// Header that bears the bare key; empty: `Authorization: Bearer`, and `api-key` where the url is an Azure
  /// deployment.
  std::string api_key_header = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::vector<std::pair<std::string, std::string>> query = {};
  RequestOverrides overrides = {};
  /// At deployment it is asked a small question even where it lists its models.
  bool ask_at_deploy = false;
  /// Of an embedding model that a llama-server of ours serves: the tokens that it takes of a text; 0: not known.
  std::int64_t input_tokens = 0;
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
