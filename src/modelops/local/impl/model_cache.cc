#include "modelops/local/impl/model_cache.h"

#include <algorithm>
#include <cctype>

#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "io/file.h"
#include "modelfile/keep_layers.h"
#include "modelfile/kept_digest.h"
#include "modelops/local/impl/engine.h"
#include "modelops/local/impl/file_lock.h"
#include "modelops/local/impl/serving_type.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;

// Beside the weights: activations, the rest of the machine.
constexpr int kMemoryShare = 3;
constexpr auto kToolGrace = std::chrono::milliseconds(200);

/// A file that is removed at the end of scope, unless it was moved away.
class Part {
 public:
  explicit Part(const fs::path& beside) : path_(beside.string() + ".part-" + random_hex(4)) {}
  ~Part() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Status check_space(const fs::path& folder, std::uint64_t needed) {
  std::error_code error;
  const auto space = fs::space(folder, error);
  if (error || space.available >= needed) return {};
  return resource_exhausted("folder " + folder.string() + " has " + std::to_string(space.available >> 20) +
                            " MiB left and a model to be served needs " + std::to_string(needed >> 20) +
                            " MiB; free some space or move the data folder (--data)");
}

std::string text_of(const std::vector<int>& layers) {
  std::string out;
  for (const int layer : layers) out += (out.empty() ? "" : ",") + std::to_string(layer);
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

ModelCache::ModelCache(const LocalSettings& settings, io::ProcessLauncher& launcher, Pool& disk)
    : settings_(settings), launcher_(launcher), disk_(disk) {}

std::string ModelCache::type_for(const ModelFacts& facts) const {
  return settings_.serving_type.value_or(serving_type(facts, this_processor(), quarter_of_memory() * 4 / kMemoryShare));
}

bool ModelCache::can_merge(const ModelFacts& facts) const {
  const std::string type = type_for(facts);
  return !settings_.programs.trainer.empty() && (type == "F32" || type == "F16" || type == "BF16" || type == "Q8_0");
}

Task<Result<std::string>> ModelCache::content_digest(std::vector<fs::path> files) {
  co_return co_await run_on(disk_, [this, files = std::move(files)]() -> Result<std::string> {
    if (files.size() == 1) return digests_.of(files.front());
    std::string all;
    for (const auto& file : files) {
      FW_ASSIGN(const auto digest, digests_.of(file));
      all += digest + "\n";
    }
    return sha256_hex(all);
  });
}

Task<Result<ServableModel>> ModelCache::prepare(ModelSpec model, ModelFacts facts, Deadline deadline) {
  const std::string type = type_for(facts);
  if (model.keep_layers.empty() && type == facts.file_type) co_return ServableModel{model.path, type};
  FW_CO_ASSIGN(const auto digest, co_await content_digest(facts.files));
  const fs::path folder = settings_.data_folder / "models";
  FW_CO_TRY(io::create_folders(folder));
  const std::string key = sha256_hex(digest + "\n" + text_of(model.keep_layers) + "\n" + type).substr(0, 32);
  const fs::path out = folder / (key + ".gguf");
  FW_CO_ASSIGN(const auto lock, co_await FileLock::acquire(folder / (key + ".lock"), deadline));
  if (!co_await is_as_made(out)) {
    modelfile::forget_digest(out);
    FW_CO_TRY(co_await make(std::move(model), std::move(facts), type, out, std::move(deadline)));
    FW_CO_TRY(co_await keep_digest(out));
  }
  co_return ServableModel{out, type};
}

Task<bool> ModelCache::is_as_made(fs::path file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) co_return false;
  const auto kept = co_await run_on(disk_, [&] { return modelfile::kept_digest(file); });
  if (!kept.ok()) {
    log_info("modelops", "nothing says what a model that was made here held; it is made anew",
             {{"file", file.string()}});
    co_return false;
  }
  const auto now = co_await content_digest({file});
  if (now.ok() && *kept == *now) co_return true;
  log_warning("modelops", "a model that was made here is not what it was; it is made anew",
              {{"file", file.string()}, {"why", now.ok() ? "its bytes were changed" : now.error().message}});
  co_return false;
}

Task<Status> ModelCache::keep_digest(fs::path file) {
  FW_CO_ASSIGN(const auto digest, co_await content_digest({file}));
  co_return co_await run_on(disk_, [&] { return modelfile::keep_digest(file, digest); });
}

Task<Status> ModelCache::make(ModelSpec model, ModelFacts facts, std::string type, fs::path out, Deadline deadline) {
  const std::uint64_t size = std::max(bytes_in_type(facts.parameters, type), facts.bytes);
  FW_CO_TRY(check_space(out.parent_path(), size + size / 8));
  const Part reduced(out), part(out);
  fs::path source = model.path;
  if (!model.keep_layers.empty()) {
    FW_CO_TRY(
        co_await run_on(disk_, [&] { return modelfile::keep_layers(model.path, reduced.path(), model.keep_layers); }));
    source = reduced.path();
  }
  if (type == facts.file_type) {
    co_return co_await run_on(disk_, [&] { return io::commit_file(source, out); });
  }
  log_info("modelops", "converting a model", {{"model", model.path.string()}, {"from", facts.file_type}, {"to", type}});
  FW_CO_TRY(co_await quantize(source, part.path(), type, std::move(deadline)));
  co_return co_await run_on(disk_, [&] { return io::commit_file(part.path(), out); });
}

Task<Status> ModelCache::quantize(fs::path in, fs::path out, std::string type, Deadline deadline) {
  if (settings_.programs.llama_quantize.empty()) {
    co_return failed_precondition(
        "llama-quantize is not installed; run scripts/setup, or set the engines' serving type to "
        "the model's own");
  }
  co_return co_await run_tool(
      {.program = settings_.programs.llama_quantize,
       .arguments = {"--allow-requantize", in.string(), out.string(), type, std::to_string(thread_count(settings_))}},
      std::move(deadline));
}

Task<Result<ServableModel>> ModelCache::merge(ModelSpec model, ModelFacts facts, Adapter adapter, fs::path out,
                                              Deadline deadline) {
  const std::string type = type_for(facts);
  FW_CO_TRY(check_space(out.parent_path(), 2 * bytes_in_type(facts.parameters, type)));
  const Part part(out);
  std::vector<std::string> arguments{
      "merge",  "--model",  model.path.string(), "--adapter", adapter.gguf.string(), "--out", part.path().string(),
      "--type", lower(type)};
  if (!model.keep_layers.empty()) {
    arguments.emplace_back("--keep-layers");
    arguments.push_back(text_of(model.keep_layers));
  }
  FW_CO_TRY(co_await run_tool({.program = settings_.programs.trainer, .arguments = std::move(arguments)},
                              std::move(deadline)));
  FW_CO_TRY(co_await run_on(disk_, [&] { return io::commit_file(part.path(), out); }));
  co_return ServableModel{out, type};
}

Task<Status> ModelCache::run_tool(io::ProcessSpec spec, Deadline deadline) {
  const std::string name = spec.program.filename().string();
  spec.niceness = settings_.niceness;
  FW_CO_ASSIGN(const auto process, launcher_.start(std::move(spec)));
  const auto status = co_await process->wait(deadline);
  if (!status.ok()) {
    FW_CO_TRY(co_await process->terminate(kToolGrace));
    co_return status.error().within(name);
  }
  if (status->is_success()) co_return Status{};
  co_return failed_precondition(io::describe_end(name, *status, process->last_lines()));
}

}  // namespace fw::modelops
