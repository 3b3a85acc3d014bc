#include "modelfile/trainable.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fw::modelfile {
namespace {

constexpr std::array<std::string_view, 8> kTrainable{"gemma", "gemma2", "gemma3", "llama",
                                                     "phi3",  "qwen2",  "qwen3",  "smollm3"};

// Others have the name of their architecture.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kModelTypes{
    {{"gemma3_text", "gemma3"}, {"mistral", "llama"}}};

}  // namespace

std::span<const std::string_view> trainable_architectures() { return kTrainable; }

bool is_trainable(std::string_view architecture) {
  return std::ranges::find(kTrainable, architecture) != kTrainable.end();
}

std::string_view architecture_of_model_type(std::string_view model_type) {
  for (const auto& [type, architecture] : kModelTypes)
    if (model_type == type) return architecture;
  const auto it = std::ranges::find(kTrainable, model_type);
  return it == kTrainable.end() ? std::string_view() : *it;
}

bool is_converted_encoder(std::string_view model_type) { return model_type == "bert"; }

std::string list_of_trainable() {
  std::string list;
  for (const std::string_view name : kTrainable)
    list += (list.empty() ? "" : name == kTrainable.back() ? " and " : ", ") + std::string(name);
  return list;
}

}  // namespace fw::modelfile
