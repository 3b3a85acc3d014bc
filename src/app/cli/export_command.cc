#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/export_plan.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/own_folder.h"
#include "async/run_blocking.h"
#include "io/file.h"
#include "io/input_file.h"
#include "io/process.h"
#include "modelfile/gguf.h"
#include "modelops/local/chat_template.h"
#include "modelops/local/settings.h"
#include "net/url.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kPiece = 1 << 20;

struct ExportOptions {
  std::string job;
  std::string candidate;
  std::string to;
  std::string type;
  bool no_model = false;
};

/// An export is one folder of its own: nothing that is there is overwritten or mixed in.
Status make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) {
    return invalid_argument(folder.string() + " is no folder");
  }
  if (fs::is_directory(folder, error) && !fs::is_empty(folder, error)) {
    return invalid_argument(folder.string() + " is not empty; name a new folder with --to");
  }
  return io::create_folders(folder);
}

Status copy_here(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (!error) return {};
  return system_error("cannot copy " + from.string() + " to " + to.string(), error.value());
}

Status check_here(const ExportPlan& plan) {
  std::error_code error;
  if (fs::is_regular_file(plan.adapter, error)) return {};
  return not_found("the adapter is " + plan.adapter.string() +
                   " on the service's machine and cannot be read here; run flywheel export there");
}

/// Copies a GGUF model with another chat template.
Status write_with_template(const fs::path& in, const fs::path& out, const std::string& chat_template) {
  FW_ASSIGN(auto header, modelfile::read_gguf_header(in));
  FW_ASSIGN(const io::InputFile file, io::InputFile::open(in));
  const auto old = header;
  header.set("tokenizer.chat_template", modelfile::GgufValue::string(chat_template));
  std::string piece;
  return modelfile::write_gguf(out, std::move(header),
                               [&](const modelfile::GgufTensor& tensor, const auto& sink) -> Status {
                                 const auto* source = old.find_tensor(tensor.name);
                                 for (std::uint64_t done = 0; done < source->bytes; done += piece.size()) {
                                   piece.resize(std::min<std::uint64_t>(kPiece, source->bytes - done));
                                   FW_TRY(file.read_at(old.data_offset + source->offset + done, piece));
                                   FW_TRY(sink(piece));
                                 }
                                 return {};
                               });
}

/// Runs flywheel-trainer; the first argument is its command.
Task<Status> run_trainer(std::vector<std::string> arguments) {
  const auto trainer = modelops::find_engine_programs(own_folder(), modelops::default_cache_folder()).trainer;
  if (trainer.empty()) {
    co_return unavailable(
        "flywheel-trainer, which merges, is not installed (run scripts/build); --no-model exports the "
        "adapter alone");
  }
  const std::string name = "flywheel-trainer " + arguments.front();
  io::ProcessLauncher launcher;
  FW_CO_ASSIGN(const auto process, launcher.start({.program = trainer, .arguments = std::move(arguments)}));
  FW_CO_ASSIGN(const auto status, co_await process->wait(Deadline::never()));
  if (status.is_success()) co_return Status{};
  co_return failed_precondition(io::describe_end(name, status, process->last_lines()));
}

/// The merged model, complete by itself: its chat template is the one it was evaluated with.
Status write_model(const ExportPlan& plan, const fs::path& base, const fs::path& folder,
                   const std::string& chat_template) {
  std::error_code error;
  if (!fs::exists(base, error)) {
    return not_found("the base model " + base.string() + " is not there; --no-model exports the adapter alone");
  }
  const fs::path merged = folder / (chat_template.empty() ? "model.gguf" : "model.part");
  std::vector<std::string> arguments{"merge", "--model",       base.string(), "--adapter", plan.adapter.string(),
                                     "--out", merged.string(), "--type",      plan.type};
  std::string layers;
  for (const int layer : plan.keep_layers) layers += (layers.empty() ? "" : ",") + std::to_string(layer);
  if (!layers.empty()) arguments.insert(arguments.end(), {"--keep-layers", layers});
  FW_TRY(run_blocking(run_trainer(std::move(arguments))));
  if (chat_template.empty()) return {};
  const auto status = write_with_template(merged, folder / "model.gguf", chat_template);
  fs::remove(merged, error);
  return status;
}

/// Text of the chat template that the run used instead of the base's own; empty when it used that.
Result<std::string> own_template(const ExportPlan& plan, const fs::path& base) {
  std::error_code error;
  if (!fs::exists(base, error)) return std::string();
  const io::TemporaryFolder scratch;
  const modelops::ModelSpec model{.path = base, .context_length = plan.context_length, .chat = plan.chat};
  FW_ASSIGN(const auto chat, modelops::prepare_chat_template(scratch.path(), model));
  if (chat.file.empty()) return std::string();
  return io::read_file(chat.file);
}

/// `base`: the plan's, as a GGUF file.
Status fill_folder(const ExportPlan& plan, const fs::path& base, const fs::path& folder, bool with_model,
                   Terminal& notes) {
  FW_TRY(copy_here(plan.adapter, folder / "adapter.gguf"));
  FW_TRY(copy_here(plan.peft, folder / "peft"));
  if (plan.keep_layers.empty()) {
    // NIM asks for a folder of folders, whose names are the adapters'.
    FW_TRY(io::create_folders(folder / "nim"));
    FW_TRY(copy_here(plan.peft, folder / "nim" / plan.name));
  }
  FW_ASSIGN(const std::string chat_template, own_template(plan, base));
  if (!chat_template.empty()) FW_TRY(io::write_file_atomically(folder / "chat_template.jinja", chat_template));
  if (with_model) {
    notes.live("  merging the adapter into " + plan.candidate);
    const auto status = write_model(plan, base, folder, chat_template);
    notes.end_live();
    FW_TRY(status);
    FW_TRY(io::write_file_atomically(folder / "Modelfile", ollama_modelfile(plan)));
  }
  return io::write_file_atomically(folder / "README.md", export_readme(plan, with_model, !chat_template.empty()));
}

/// A base that is a Hugging Face folder is the GGUF file that is made of it, as it was in the run.
Status fill_folder_from_base(const ExportPlan& plan, const fs::path& folder, bool with_model, Terminal& notes) {
  std::error_code error;
  if (!fs::is_directory(plan.base, error)) return fill_folder(plan, plan.base, folder, with_model, notes);
  const fs::path converted = folder / "base.part";
  FW_TRY(run_blocking(run_trainer({"convert", "--model", plan.base.string(), "--out", converted.string()})));
  const auto status = fill_folder(plan, converted, folder, with_model, notes);
  fs::remove(converted, error);
  return status;
}

/// All of it, or an empty folder.
Status write_export(const ExportPlan& plan, const fs::path& folder, bool with_model, Terminal& notes) {
  FW_TRY(check_here(plan));
  FW_TRY(make_folder(folder));
  auto status = fill_folder_from_base(plan, folder, with_model, notes);
  if (status.ok()) return status;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) fs::remove_all(entry.path(), ignored);
  return status;
}

int export_job(const ExportOptions& options, const std::string& server) {
  ApiClient client(server);
  const std::string path = "/api/jobs/" + net::percent_encode(options.job);
  const auto job = client.get(path);
  if (!job.ok()) return fail(job.error());
  const auto report = client.get(path + "/report");
  if (!report.ok()) return fail(report.error());
  auto plan = plan_export(*job, *report, options.candidate);
  if (!plan.ok()) return fail(plan.error());
  if (!options.type.empty()) plan->type = options.type;
  const fs::path folder = fs::absolute(options.to).lexically_normal();
  Terminal notes(2);
  if (const auto status = write_export(*plan, folder, !options.no_model, notes); !status.ok()) {
    return fail(status.error());
  }
  Terminal out(1);
  out.line(folder.string());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  for (const auto& name : names) out.line("  " + name);
  out.line("README.md there says how llama-server, Ollama, vLLM and NIM serve it");
  return 0;
}

}  // namespace

void add_export_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("export", "Write a trained model into a folder: adapter, merged model, how to serve")
          ->group(kResultsGroup);
  add_examples(*command,
               "flywheel export 67436743674367436743abcd --to my-model\n"
               "flywheel export 67436743674367436743abcd --candidate small --no-model --to adapter");
  auto options = std::make_shared<ExportOptions>();
  command->add_option("job", options->job, "Job id: 24 hex digits")->required()->type_name("JOB");
  command->add_option("--to", options->to, "Folder that is made; it must be new or empty")
      ->required()
      ->type_name("FOLDER");
  command->add_option("--candidate", options->candidate, "The model; may be left out where only one was trained")
      ->type_name("NAME");
  command->add_flag("--no-model", options->no_model, "Leave the merged model out: the adapter alone");
  command
      ->add_option("--type", options->type, "Type of the merged model: f32, f16, bf16 or q8_0; as evaluated if absent")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0"}))
      ->type_name("TYPE");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] { return export_job(*options, context.server_url); };
  });
}

}  // namespace fw::app
