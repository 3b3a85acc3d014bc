#include "modelops/local/trainer.h"

#include <unistd.h>

#include "base/log.h"
#include "io/file.h"
#include "modelops/local/impl/chat_template.h"
#include "modelops/local/impl/folder_model.h"
#include "modelops/local/impl/model_facts.h"
#include "modelops/local/impl/trainer_protocol.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using OnProgress = std::function<void(const TrainingProgress&)>;

// A stopped trainer writes a checkpoint if it can do so in this time; the interface grants two seconds in all.
constexpr auto kStopGrace = std::chrono::milliseconds(1'500);
constexpr std::size_t kLineLimit = 4 << 20;
constexpr int kStarts = 2;
// What kills without a word is the system when memory has run out: the next start plans with so much less of it.
constexpr int kKill = 9;
constexpr int kStartsWithLess = 3;
constexpr double kLessMemory = 0.4;
constexpr int kWrongUsage = 2;
constexpr auto kPlanTime = std::chrono::minutes(1);

/// The points reported so far, through restarts.
class Curve {
 public:
  explicit Curve(OnProgress on_progress) : on_progress_(std::move(on_progress)) {}

  void restart() { is_replayed_ = false; }
  void add(const TrainingProgressEvent& event) {
    if (event.is_again && !is_replayed_) points_.clear();
    is_replayed_ = is_replayed_ || event.is_again;
    points_.push_back(event.progress);
    if (event.is_again && event.progress.step <= reported_) return;
    reported_ = event.progress.step;
    if (on_progress_) on_progress_(event.progress);
  }
  [[nodiscard]] std::vector<TrainingProgress> take() { return std::move(points_); }

 private:
  OnProgress on_progress_;
  std::vector<TrainingProgress> points_;
  std::int64_t reported_ = 0;
  bool is_replayed_ = false;
};

/// How one start of the trainer ended: with a model, an error to report, or without a word.
struct Outcome {
  std::optional<TrainedModel> model;
  std::optional<Error> error;
  std::string device;
  std::string death;  ///< how it died when it said neither
  io::ExitStatus status;
};

void take_in(const std::string& line, Curve& curve, Outcome& outcome) {
  const auto event = parse_training_event(line);
  if (!event.ok()) {
    log_warning("modelops", "unexpected line from the trainer", {{"what", event.error().message}});
  } else if (const auto* started = std::get_if<TrainingStartedEvent>(&*event)) {
    outcome.device = started->device;
    log_info("modelops", "training has begun", {{"device", started->device}});
  } else if (const auto* progress = std::get_if<TrainingProgressEvent>(&*event)) {
    curve.add(*progress);
  } else if (const auto* done = std::get_if<TrainingDoneEvent>(&*event)) {
    outcome.model = done->model;
  } else if (const auto* error = std::get_if<TrainingErrorEvent>(&*event)) {
    outcome.error = error->error;
  }
}

Task<Result<Outcome>> run_once(io::ProcessLauncher& launcher, io::ProcessSpec spec, Curve& curve, Deadline deadline) {
  Outcome outcome;
  FW_CO_ASSIGN(const auto process, launcher.start(std::move(spec)));
  while (true) {
    auto line = co_await process->next_line(deadline);
    if (!line.ok()) {
      FW_CO_TRY(co_await process->terminate(kStopGrace));
      co_return line.error().within("training");
    }
    if (!*line) break;
    take_in(**line, curve, outcome);
  }
  const auto status = co_await process->wait(deadline.within(std::chrono::minutes(1)));
  if (!status.ok()) {
    FW_CO_TRY(co_await process->terminate(kStopGrace));
    co_return status.error().within("training");
  }
  outcome.status = *status;
  if (!status->is_success()) {
    outcome.model.reset();
    outcome.death = io::describe_end("flywheel-trainer", *status, process->last_lines());
  } else if (!outcome.model) {
    outcome.death = "flywheel-trainer ended without naming its adapter";
  }
  co_return outcome;
}

struct Prepared {
  TrainerFolders folders;
  std::vector<std::string> notes;
};

Result<Prepared> prepare_folders(const LocalSettings& settings, const TrainingJob& job) {
  FW_ASSIGN(auto chat, prepare_chat_template(settings.data_folder, job.model));
  TrainerFolders folders{.adapter = job.work_folder / "adapter",
                         .checkpoint = job.work_folder / "checkpoint",
                         .chat_template = std::move(chat.file)};
  FW_TRY(io::create_folders(job.work_folder));
  FW_TRY(io::create_folders(folders.checkpoint));
  return Prepared{std::move(folders), std::move(chat.notes)};
}

io::ProcessSpec spec_of(const LocalSettings& settings, const TrainingJob& job, const TrainerFolders& folders) {
  io::ProcessSpec spec{.program = settings.programs.trainer,
                       .arguments = trainer_arguments(job, folders, thread_count(settings)),
                       .stream_output = true,
                       .line_limit = kLineLimit,
                       .niceness = settings.niceness};
  spec.arguments.insert(spec.arguments.end(), {"--parent-pid", std::to_string(::getpid())});
  return spec;
}

Error no_trainer() {
  return failed_precondition(
      "flywheel-trainer is not installed, so nothing can be fine-tuned; run scripts/setup, which fetches libtorch, and "
      "build again, or disable customization");
}

Task<Status> ask_for_plan(io::ProcessLauncher& launcher, fs::path trainer, ModelSpec model, TrainingSettings settings,
                          Deadline deadline) {
  FW_CO_ASSIGN(const auto process, launcher.start({.program = std::move(trainer),
                                                   .arguments = plan_arguments(model, settings),
                                                   .stream_output = true,
                                                   .line_limit = kLineLimit}));
  FW_CO_ASSIGN(const auto line, co_await process->next_line(deadline));
  FW_CO_ASSIGN(const auto status, co_await process->wait(deadline));
  const auto event = line ? parse_training_event(*line) : data_loss("no line");
  const auto* error = event.ok() ? std::get_if<TrainingErrorEvent>(&*event) : nullptr;
  if (error != nullptr) co_return error->error;
  if (status.is_success()) co_return Status{};
  co_return failed_precondition(io::describe_end("flywheel-trainer plan", status, process->last_lines()));
}

Status check_adapter(const Adapter& adapter) {
  std::error_code error;
  if (fs::is_regular_file(adapter.gguf, error)) return {};
  return data_loss("the trainer reported adapter " + adapter.gguf.string() + ", which is not there");
}

}  // namespace

LocalTrainer::LocalTrainer(LocalSettings settings, io::ProcessLauncher& launcher)
    : settings_(std::move(settings)), launcher_(launcher) {}

Task<Status> LocalTrainer::check_device(ModelSpec model, TrainingSettings settings, Deadline deadline) {
  if (settings.device != TrainingDevice::kCuda) co_return Status{};
  if (settings_.programs.trainer.empty()) co_return no_trainer();
  co_return co_await ask_for_plan(launcher_, settings_.programs.trainer, std::move(model), std::move(settings),
                                  deadline.within(kPlanTime));
}

Task<Result<TrainedModel>> LocalTrainer::train(TrainingJob job, OnProgress on_progress, Deadline deadline) {
  if (settings_.programs.trainer.empty()) co_return no_trainer();
  if (!job.model.is_local()) {
    co_return invalid_argument("model \"" + job.model.name + "\" has no weights here (path) that could be fine-tuned");
  }
  FW_CO_ASSIGN(job.model, co_await as_gguf(settings_, launcher_, std::move(job.model), deadline));
  FW_CO_ASSIGN(auto prepared, prepare_folders(settings_, job));
  Curve curve(std::move(on_progress));
  std::string death;
  int starts = kStarts;
  for (int start = 0; start < starts; ++start) {
    curve.restart();
    FW_CO_ASSIGN(auto outcome,
                 co_await run_once(launcher_, spec_of(settings_, job, prepared.folders), curve, deadline));
    if (outcome.error) co_return outcome.error->within("training " + job.model.name);
    if (outcome.model) {
      FW_CO_TRY(check_adapter(outcome.model->adapter));
      outcome.model->curve = curve.take();
      outcome.model->device = std::move(outcome.device);
      outcome.model->warnings.insert(outcome.model->warnings.end(), prepared.notes.begin(), prepared.notes.end());
      co_return std::move(*outcome.model);
    }
    death = std::move(outcome.death);
    log_warning("modelops", "the trainer died", {{"model", job.model.name}, {"how", death}, {"start", start + 1}});
    if (outcome.status.code == kWrongUsage)
      co_return invalid_argument("training " + job.model.name + ": the trainer refuses a setting; " + death);
    if (outcome.status.signal == kKill) {
      starts = kStartsWithLess;
      prepared.folders.memory_share *= kLessMemory;
    }
  }
  co_return unavailable("training " + job.model.name + ": it died " + std::to_string(starts) + " times; " + death);
}

}  // namespace fw::modelops
