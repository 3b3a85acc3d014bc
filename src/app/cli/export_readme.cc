#include <cctype>
#include <string>

#include "app/cli/export_plan.h"

namespace fw::app {
namespace {

/// Quoted for a shell where it must be.
std::string quoted(const std::string& word) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '-' || c == '_' || c == '=';
  };
  bool plain = !word.empty();
  for (const char c : word) plain = plain && is_plain(static_cast<unsigned char>(c));
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string contents(const ExportPlan& plan, bool has_model, bool has_template) {
  std::string out = "| file | what it is |\n|---|---|\n";
  if (has_model)
    out += "| `model.gguf` | the base with the adapter merged in, " + plan.type + "; complete by itself |\n";
  if (has_model) out += "| `Modelfile` | for Ollama |\n";
  out += "| `adapter.gguf` | the adapter for llama.cpp, to be put on the base |\n";
  out += "| `peft/` | the same adapter in PEFT's form (`adapter_config.json`, `adapter_model.safetensors`) |\n";
  if (plan.keep_layers.empty()) {
    out += "| `nim/` | the same once more in the layout that NVIDIA NIM loads: a folder of the adapter's name |\n";
  }
  if (has_template) {
    out +=
        "| `chat_template.jinja` | the chat template it was trained and evaluated with; the base's own knows no tools "
        "|\n";
  }
  return out;
}

std::string with_llama_server(const ExportPlan& plan, bool has_model, bool has_template) {
  const std::string context = plan.context_length > 0 ? " --ctx-size " + std::to_string(plan.context_length) : "";
  const std::string chat = has_template ? " --chat-template-file chat_template.jinja" : "";
  std::string out = "## llama-server\n\n```sh\n";
  if (has_model) {
    out += "llama-server --model model.gguf --alias " + plan.name + " --jinja --port 8080" + context + "\n";
  } else {
    out += "llama-server --model " + quoted(plan.base.string()) + " --lora adapter.gguf --alias " + plan.name +
           " --jinja" + chat + " --port 8080" + context + "\n";
  }
  out +=
      "curl -s http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\\n"
      "  -d '{\"model\": \"" +
      plan.name + "\", \"messages\": [{\"role\": \"user\", \"content\": \"hello\"}]}'\n```\n\n";
  if (has_model && plan.keep_layers.empty()) {
    out += "The adapter on the base instead of the merged model: `--model " + quoted(plan.base.string()) +
           " --lora adapter.gguf" + chat + "`.\n\n";
  }
  return out;
}

std::string with_ollama(const ExportPlan& plan, bool has_model) {
  if (!has_model) return "## Ollama\n\nNeeds the merged model: export again where `flywheel-trainer` is installed.\n\n";
  return "## Ollama\n\n```sh\nollama create " + plan.name + " -f Modelfile\nollama run " + plan.name +
         " hello\n```\n\nOllama has a template language of its own and takes over only templates that it knows. Where "
         "tools "
         "are called, compare a few answers with llama-server's before you rely on it.\n\n";
}

/// The least of the ranks that vLLM takes (powers of two from 8 on) that fits.
int allowed_rank(int rank) {
  int allowed = 8;
  while (allowed < rank) allowed *= 2;
  return rank > 0 ? allowed : 64;
}

std::string with_vllm(const ExportPlan& plan, bool has_template) {
  const std::string chat = has_template ? " --chat-template chat_template.jinja" : "";
  if (!plan.keep_layers.empty()) {
    return "## vLLM\n\nThe base was cut to " + std::to_string(plan.keep_layers.size()) +
           " layers, so the adapter fits no published weights: serve `model.gguf`\n(`vllm serve ./model.gguf "
           "--tokenizer "
           "NAME_OF_THE_ORIGINAL" +
           chat + "`; vLLM calls its GGUF support experimental).\n";
  }
  return "## vLLM\n\nName the base's Hugging Face weights (the folder, or its name on the hub):\n\n```sh\n"
         "vllm serve BASE --enable-lora --lora-modules " +
         plan.name + "=./peft --max-lora-rank " + std::to_string(allowed_rank(plan.rank)) + chat +
         " \\\n  --enable-auto-tool-choice --tool-call-parser hermes\n```\n\nThe parser must fit the model's way of "
         "writing tool calls; `hermes` reads `<tool_call>` blocks.\n";
}

/// Empty where the adapter fits no weights that NIM has.
std::string with_nim(const ExportPlan& plan) {
  if (!plan.keep_layers.empty()) return "";
  return "\n## NVIDIA NIM\n\nThe NIM of the base model, with `nim/` mounted:\n\n```sh\n"
         "docker run --gpus all -e NGC_API_KEY -e NIM_PEFT_SOURCE=/loras -e NIM_MAX_LORA_RANK=" +
         std::to_string(allowed_rank(plan.rank)) +
         " \\\n  -v \"$PWD/nim:/loras:ro\" -p 8000:8000 IMAGE_OF_THE_BASE\n```\n\nRequests name the model `" +
         plan.name +
         "`. It takes the base model in the very version that was trained on, and a profile of the NIM that serves "
         "LoRA. Newer NIMs take the rank as `--max-lora-rank`.\n";
}

}  // namespace

std::string export_readme(const ExportPlan& plan, bool has_model, bool has_template) {
  return "# " + plan.name + "\n\n`" + plan.candidate + "`, fine-tuned on workload `" + plan.workload + "` by job `" +
         plan.job + "`.\n\n" + contents(plan, has_model, has_template) + "\n" +
         with_llama_server(plan, has_model, has_template) + with_ollama(plan, has_model) +
         with_vllm(plan, has_template) + with_nim(plan);
}

std::string ollama_modelfile(const ExportPlan& plan) {
  std::string out = "FROM ./model.gguf\nPARAMETER temperature 0\n";
  if (plan.context_length > 0) out += "PARAMETER num_ctx " + std::to_string(plan.context_length) + "\n";
  return out;
}

}  // namespace fw::app
