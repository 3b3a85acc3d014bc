#include "modelops/local/impl/folder_model.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "codec/json_member.h"
#include "io/file.h"
#include "modelfile/folder_summary.h"
#include "modelfile/trainable.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uint64_t kMostConfig = 16 << 20;
constexpr std::size_t kLineLimit = 1 << 20;
constexpr auto kToolGrace = std::chrono::milliseconds(500);

/// What the converter says: the file, or why there is none.
struct Words {
  fs::path file;
  std::string error;
};

void take_in(const std::string& line, const std::string& model, Words& words) {
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object()) return;
  const std::string kind = codec::text_at(event, "event");
  if (kind == "done") words.file = codec::text_at(event, "gguf");
  if (kind == "error") words.error = codec::text_at(event, "message");
  if (kind == "changed")
    log_warning("modelops", "a model that was made here is not what it was; it is made anew",
                {{"model", model}, {"file", codec::text_at(event, "gguf")}});
  if (kind == "converting" && event.contains("bytes") && event.contains("all_bytes"))
    log_info("modelops", "converting a folder",
             {{"model", model}, {"bytes", event["bytes"].dump()}, {"of", event["all_bytes"].dump()}});
}

Task<Result<Words>> run_converter(io::ProcessLauncher& launcher, io::ProcessSpec spec, std::string model,
                                  Deadline deadline) {
  Words words;
  FW_CO_ASSIGN(const auto process, launcher.start(std::move(spec)));
  while (true) {
    auto line = co_await process->next_line(deadline);
    if (!line.ok()) {
      FW_CO_TRY(co_await process->terminate(kToolGrace));
      co_return line.error().within("converting " + model);
    }
    if (!*line) break;
    take_in(**line, model, words);
  }
  FW_CO_ASSIGN(const auto status, co_await process->wait(deadline));
  if (words.file.empty() && words.error.empty())
    words.error = io::describe_end("flywheel-trainer convert", status, process->last_lines());
  co_return words;
}

}  // namespace

Task<Result<ModelSpec>> as_gguf(LocalSettings settings, io::ProcessLauncher& launcher, ModelSpec model,
                                Deadline deadline) {
  std::error_code error;
  if (!model.is_local() || !fs::is_directory(model.path, error)) co_return model;
  if (settings.programs.trainer.empty())
    co_return failed_precondition(
        "model " + model.path.string() +
        " is a Hugging Face folder, and flywheel-trainer, which makes a GGUF file of it, is not installed; run "
        "scripts/setup and build again, or make the file with llama.cpp's convert_hf_to_gguf.py and name that");
  io::ProcessSpec spec{
      .program = settings.programs.trainer,
      .arguments = {"convert", "--model", model.path.string(), "--cache", (settings.data_folder / "models").string()},
      .stream_output = true,
      .line_limit = kLineLimit,
      .niceness = settings.niceness};
  FW_CO_ASSIGN(const auto words, co_await run_converter(launcher, std::move(spec), model.name, std::move(deadline)));
  if (!words.error.empty()) co_return failed_precondition("model " + model.path.string() + ": " + words.error);
  model.path = words.file;
  co_return model;
}

std::vector<std::string> why_not_convertible(const fs::path& folder, bool gives_vectors) {
  const auto text = io::read_file(folder / "config.json", kMostConfig);
  if (!text.ok()) return {"has no config.json: it is no Hugging Face folder of a model"};
  const Json config = Json::parse(*text, nullptr, false);
  if (!config.is_object()) return {"config.json is no JSON object"};
  std::vector<std::string> out;
  const std::string type = codec::text_at(config, "model_type");
  const bool is_encoder = modelfile::is_converted_encoder(type);
  if (is_encoder && !gives_vectors) return {"is an embedding model (" + type + "): it answers no chats"};
  if (!is_encoder && modelfile::architecture_of_model_type(type).empty())
    out.push_back(
        "model type \"" + type + "\" is not converted here (" + (gives_vectors ? "bert, " : "") +
        modelfile::list_of_trainable() +
        " are, mistral as llama); make a GGUF file of it with llama.cpp's convert_hf_to_gguf.py and name that");
  if (config.contains("quantization_config"))
    out.emplace_back("its weights are quantised, which is not read out of folders; name a GGUF file of the model");
  std::error_code error;
  if (is_encoder) {
    if (!fs::exists(folder / "tokenizer.json", error) && !fs::exists(folder / "vocab.txt", error))
      out.emplace_back("has no tokenizer: neither tokenizer.json nor vocab.txt");
  } else if (!fs::exists(folder / "tokenizer.json", error) && !fs::exists(folder / "tokenizer.model", error)) {
    out.emplace_back("has no tokenizer: neither tokenizer.json nor tokenizer.model");
  }
  if (const auto summary = modelfile::inspect_folder(folder); !summary.ok()) out.push_back(summary.error().message);
  return out;
}

}  // namespace fw::modelops
