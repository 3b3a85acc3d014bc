#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "modelops/local/impl/model_facts.h"

namespace fw::modelops {

/// All that one llama-server is started with (reference: its --help).
struct EngineSetup {
  std::filesystem::path model;
  std::filesystem::path lora;           ///< empty: none, or merged into the model
  std::filesystem::path chat_template;  ///< empty: the model's own
  std::filesystem::path slot_states;    ///< folder for slots' states; empty: they cannot be saved
  std::string alias;    ///< what it answers to `GET /v1/models`, so that nobody else's server passes for it
  std::string api_key;  ///< it answers nobody else, but for `GET /health`; empty: it answers all
  int threads = 1;
  int niceness = 0;  ///< io::ProcessSpec::niceness
  int slots = 1;
  std::int64_t slot_context = 0;  ///< tokens
  bool enable_thinking = false;   ///< of models that can think before they answer
  bool plain_attention = false;   ///< scores are made whole instead of the fused form
  std::string pooling;            ///< it gives vectors, made of a text's tokens so; empty: it answers chats
};

[[nodiscard]] std::vector<std::string> engine_arguments(const EngineSetup& setup, std::uint16_t port);

/// What no argument may say: others on the machine can read those.
[[nodiscard]] std::map<std::string, std::string> engine_environment(const EngineSetup& setup);

/// A port of 127.0.0.1 that was free just now.
[[nodiscard]] Result<std::uint16_t> free_loopback_port();

/// How many requests an engine works on at once, and the tokens each may have.
struct Slots {
  int count = 1;
  std::int64_t context = 0;
};

/// As many slots as requests come at once, but no more than fit into `cache_bytes` with the full context each.
[[nodiscard]] Slots plan_slots(const ModelFacts& facts, std::int64_t context_length, int parallelism,
                               std::uint64_t cache_bytes);

/// A quarter of the memory that this process may use: the default for LocalSettings::cache_bytes.
[[nodiscard]] std::uint64_t quarter_of_memory();

}  // namespace fw::modelops
