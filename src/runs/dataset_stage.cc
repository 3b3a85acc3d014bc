#include "runs/impl/dataset_stage.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "base/log.h"
#include "dataset/builder.h"
#include "dataset/holdout.h"
#include "evals/answer.h"
#include "io/file.h"
#include "runs/impl/example_embedder.h"
#include "runs/impl/json_fields.h"
#include "runs/impl/logged_records.h"

namespace fw::runs {

namespace {

constexpr std::size_t kMostModels = 20;
constexpr std::uint64_t kRecordsBetweenProgress = 20'000;

/// What a read of the workload would lack now, once what is on its way has had its time to come.
Result<dataset::NotRead> not_read(RunContext& context, const Job& job) {
  auto& log = context.dependencies.log;
  const logstore::Selection selection{.workload = job.workload, .client = job.client, .from = {}, .to = {}};
  const Duration patience = context.options.log_settles;
  const auto lacking = log.settle(selection, context.deadline.within(patience));
  dataset::NotRead out;
  out.waiting = lacking.records;
  if (lacking.records > 0) {
    out.why = lacking.trouble.ok()
                  ? "they were on their way, and " + std::to_string(static_cast<long long>(to_seconds(patience))) +
                        " s were not enough"
                  : lacking.trouble.error().message;
  }
  FW_TRY(context.deadline.check("reading the log store"));
  auto left_out = log.left_out(selection);
  if (left_out.ok()) {
    out.left_out = std::move(left_out).value();
  } else if (is_retryable(left_out.error().code)) {
    return std::move(left_out).error();
  } else {  // a store that cannot count them can be read all the same
    log_warning("runs", "documents that are no records are not counted",
                {{"job", *job.id}, {"error", left_out.error().message}});
  }
  return out;
}

/// Too few records may be so because the others have not come yet.
Error with_waiting(Error error, const dataset::NotRead& lacking) {
  if (error.code != ErrorCode::kFailedPrecondition || lacking.waiting == 0) return error;
  error.message += "; about " + std::to_string(lacking.waiting) +
                   " records more are acknowledged and not in the log store yet: " + lacking.why;
  return error;
}

std::uint64_t count_records(logstore::LogStore& log, const Job& job) {
  const auto summaries = log.workloads();
  if (!summaries.ok()) return 0;
  for (const auto& summary : *summaries) {
    if (summary.workload == job.workload && summary.client == job.client) return summary.records;
  }
  return 0;
}

/// Tells now and then how much of the window was read.
std::function<void(const dataset::BuildProgress&)> teller(JobRecord& record, std::uint64_t total) {
  return [&record, total, told = std::uint64_t{0}](const dataset::BuildProgress& progress) mutable {
    if (progress.rows_total > 0 || progress.records_read < told + kRecordsBetweenProgress) return;
    told = progress.records_read;
    record.publish(JobProgress{DatasetsProgressed{told, std::max(told, total)}});
  };
}

/// Endpoints elsewhere have contexts that nobody told us.
std::vector<dataset::ContextLimit> contexts_of(const RunConfig& config) {
  std::vector<dataset::ContextLimit> out;
  for (const auto& candidate : config.candidates) {
    if (!candidate.model.is_local() || candidate.model.context_length <= 0) continue;
    out.push_back({candidate.model.name, static_cast<std::uint64_t>(candidate.model.context_length),
                   static_cast<std::uint64_t>(std::max(config.evaluation.max_tokens, 0))});
  }
  return out;
}

using Corrections = std::optional<std::vector<dataset::Correction>>;

/// Nothing where the run does not ask for them.
Result<Corrections> corrections_of(const RunContext& context, const Job& job) {
  if (!context.config().use_corrections) return Corrections();
  if (!context.options.corrections) return Corrections(std::in_place);
  FW_ASSIGN(auto given, context.options.corrections(job.workload, job.client));
  return Corrections(std::move(given));
}

constexpr std::uint64_t kMostHoldoutBytes = std::uint64_t{4} << 30;

/// The rows of the earlier job's evaluation dataset; nothing where this job draws its own.
Result<std::optional<dataset::Holdout>> holdout_of(const RunContext& context) {
  const auto& set = context.config().holdout;
  if (!set) return std::optional<dataset::Holdout>();
  const std::string& job = context.config().split.holdout_job;
  const auto text = [&]() -> Result<std::string> {
    FW_ASSIGN(const auto path, context.dependencies.datasets.local_path(*set, "eval_data.jsonl"));
    return io::read_file(path, kMostHoldoutBytes);
  }();
  if (!text.ok()) {
    return failed_precondition("data_split_config.holdout_job: the evaluation dataset of job " + job + " (" +
                               set->name + ") cannot be read; was the job deleted? " + text.error().message);
  }
  auto rows = dataset::read_holdout(*text, context.deadline);
  if (!rows.ok()) return rows.error().within(set->name);
  return std::optional(dataset::Holdout{job, set->name, set->digest, *std::move(rows)});
}

/// Whoever looks into why the job failed wants to see what leaks.
void keep_refused(const std::filesystem::path& job_folder, const dataset::Card& card) {
  auto kept = io::create_folders(job_folder);
  if (kept.ok()) kept = io::write_file_atomically(refused_card_file(job_folder), to_json(card).dump());
  if (!kept.ok()) log_warning("runs", "card of refused datasets not kept", {{"error", kept.error().message}});
}

Result<dataset::BuiltDatasets> build(RunContext& context, const Job& job, LoggedRecords& records,
                                     ExampleEmbedder& embedder) {
  auto& log = context.dependencies.log;
  FW_ASSIGN(const auto corrections, corrections_of(context, job));
  FW_ASSIGN(const auto holdout, holdout_of(context));
  FW_ASSIGN(const dataset::NotRead lacking, not_read(context, job));
  auto built = dataset::build(
      {.workload = job.workload,
       .records = records,
       .split = context.config().split,
       .icl = context.config().icl,
       .seed = job.seed,
       .now = from_epoch_seconds(job.dataset_stamp),
       .corrections = corrections,
       .holdout = holdout ? &*holdout : nullptr,
       .contexts = contexts_of(context.config()),
       .not_read = lacking,
       .embed = embedder.embed(),
       .embedder = embedder.description(),
       .deadline = context.deadline,
       .on_progress = teller(*context.record, count_records(log, job)),
       .on_refused = [folder = context.folder()](const dataset::Card& card) { keep_refused(folder, card); }});
  if (!built.ok()) return with_waiting(std::move(built).error(), lacking);
  return built;
}

std::filesystem::path names_file(const std::filesystem::path& job_folder) { return job_folder / "datasets.txt"; }

/// The names are on the disk before the datasets are: a job that dies in between can still be deleted whole.
Status note_names(const std::filesystem::path& job_folder, const std::vector<std::string>& names) {
  std::string lines;
  for (const auto& name : names) lines += name + "\n";
  FW_TRY(io::create_folders(job_folder));
  return io::write_file_atomically(names_file(job_folder), lines);
}

void remove_stored(modelops::DatasetStore& store, const std::vector<const dataset::Dataset*>& datasets) {
  for (const auto* dataset : datasets) {
    if (auto removed = store.remove(dataset->name); !removed.ok()) {
      log_warning("runs", "dataset not removed", {{"name", dataset->name}, {"error", removed.error().message}});
    }
  }
}

Result<std::vector<modelops::DatasetRef>> store_all(modelops::DatasetStore& store, const dataset::BuiltDatasets& built,
                                                    const Deadline& deadline) {
  const std::vector<const dataset::Dataset*> all{&built.eval, &built.icl, &built.train};
  std::vector<modelops::DatasetRef> refs;
  for (const auto* one : all) {
    auto status = deadline.check("store datasets");
    auto ref =
        status.ok() ? store.put(one->name, one->files, one->num_records) : Result<modelops::DatasetRef>(status.error());
    if (!ref.ok()) {
      remove_stored(store, all);
      return ref.error();
    }
    refs.push_back(std::move(ref).value());
  }
  return refs;
}

/// A job's num_records as the blueprint counts them: what validation, de-duplication and the limit have left.
std::uint64_t records_to_split(const dataset::Card& card) {
  const auto split = std::ranges::find(card.steps, "split", &dataset::Step::name);
  return split == card.steps.end() ? 0 : split->in;
}

}  // namespace

std::filesystem::path refused_card_file(const std::filesystem::path& job_folder) {
  return job_folder / "refused_datasets.json";
}

std::vector<std::string> noted_dataset_names(const std::filesystem::path& job_folder) {
  const auto text = io::read_file(names_file(job_folder), 64 * 1024);
  std::vector<std::string> names;
  if (!text.ok()) return names;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

std::optional<ProductionUsage> production_usage(const std::string& evaluation_rows) {
  ProductionUsage usage;
  double weight = 0;
  std::istringstream lines(evaluation_rows);
  for (std::string line; std::getline(lines, line);) {
    const auto row = nlohmann::json::parse(line, nullptr, false);
    if (!row.is_object() || !row.contains("response")) continue;
    ++usage.of_rows;
    const auto answer = evals::parse_answer(dump(row["response"]));
    if (!answer.ok() || answer->prompt_tokens == 0) continue;
    const double w = row.value("weight", 1.0);
    usage.prompt_tokens_mean += w * static_cast<double>(answer->prompt_tokens);
    usage.cached_prompt_tokens_mean +=
        w * static_cast<double>(std::min(answer->cached_prompt_tokens, answer->prompt_tokens));
    usage.completion_tokens_mean += w * static_cast<double>(answer->completion_tokens);
    weight += w;
    ++usage.rows;
  }
  if (weight <= 0) return std::nullopt;
  for (double* mean : {&usage.prompt_tokens_mean, &usage.cached_prompt_tokens_mean, &usage.completion_tokens_mean})
    *mean /= weight;
  return usage;
}

std::vector<std::string> answering_models(const std::string& evaluation_rows) {
  std::set<std::string> names;
  std::istringstream lines(evaluation_rows);
  for (std::string line; std::getline(lines, line) && names.size() < kMostModels;) {
    const auto row = nlohmann::json::parse(line, nullptr, false);
    const auto response = row.is_object() ? row.find("response") : row.end();
    if (response == row.end() || !response->is_object()) continue;
    if (const auto model = response->find("model"); model != response->end() && model->is_string())
      names.insert(model->get<std::string>());
  }
  return {names.begin(), names.end()};
}

namespace {

Task<Result<DatasetsOutcome>> make_with(RunContext& context, ExampleEmbedder& embedder) {
  auto& deps = context.dependencies;
  const Job job = context.record->snapshot();
  const Deadline deadline = context.deadline;
  // Reads and computes by turns; the pool of those who compute, so that whoever waits for the disk alone does not
  // queue.
  LoggedRecords records(deps.log, job.workload, job.client, deadline);
  auto built = co_await run_on(deps.cpu, [&] { return build(context, job, records, embedder); });
  if (!built.ok()) co_return built.error();
  const auto folder = context.folder();
  auto refs = co_await run_on(deps.disk, [&]() -> Result<std::vector<modelops::DatasetRef>> {
    FW_TRY(note_names(folder, {built->eval.name, built->icl.name, built->train.name}));
    return store_all(deps.datasets, *built, deadline);
  });
  if (!refs.ok()) co_return refs.error();
  DatasetsOutcome outcome;
  outcome.workload = built->card.type;
  outcome.num_records = records_to_split(built->card);
  outcome.eval = refs->at(0);
  outcome.icl = refs->at(1);
  outcome.train = refs->at(2);
  outcome.train_rows = built->lineage.train.size();
  outcome.validation_rows = built->lineage.validation.size();
  outcome.rows_with_examples = built->rows_with_examples;
  outcome.usage = production_usage(built->eval.files.front().content);
  outcome.answered_by = answering_models(built->eval.files.front().content);
  if (const auto times = records.times()) {
    const auto [first, last] = built->span.value_or(*times);
    outcome.window = TrafficWindow{built->card.steps.front().in, to_epoch_seconds(first), to_epoch_seconds(last)};
  }
  outcome.card = to_json(built->card).dump();
  outcome.warnings = built->warnings;
  for (const auto& warning : outcome.warnings)
    log_warning("runs", "datasets", {{"job", *job.id}, {"warning", warning}});
  co_return outcome;
}

}  // namespace

Task<Result<DatasetsOutcome>> make_datasets(RunContext& context) {
  ExampleEmbedder embedder(context);
  FW_CO_TRY(co_await embedder.start());
  std::optional<Result<DatasetsOutcome>> made;
  std::exception_ptr failure;
  try {
    made = co_await make_with(context, embedder);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await embedder.stop();
  if (failure) std::rethrow_exception(failure);
  co_return *std::move(made);
}

}  // namespace fw::runs
