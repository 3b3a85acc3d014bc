#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "evals/metric.h"
#include "evals/row.h"
#include "evals/row_result.h"
#include "io/file.h"
#include "logstore/log_store.h"
#include "metastore/meta_store.h"
#include "modelops/dataset_store.h"
#include "modelops/deployer.h"
#include "modelops/embedder.h"
#include "modelops/evaluator.h"
#include "modelops/trainer.h"
#include "runs/webhook.h"

namespace fw::runs::testing {

/// Where a test makes the fakes fail or stall. Places: `scan`, `deploy big`, `deploy-tuned big`, `judge`, `base-eval
/// big`, `train big`, ... Survives the service, as the outside world does.
struct Script {
  std::set<std::string> fails;
  std::set<std::string> throws;
  std::string stalls_at;  ///< until its deadline ends
  std::string reached;    ///< the stall that was reached

  Task<Status> pass(std::string place, Deadline deadline) {
    if (fails.contains(place)) co_return unavailable(place + " fails");
    if (throws.contains(place)) throw std::runtime_error(place + " throws");
    if (place != stalls_at) co_return Status{};
    reached = place;
    co_return co_await sleep_for(std::chrono::hours(1), deadline);
  }
};

class FakeLogStore final : public logstore::LogStore {
 public:
  Result<logstore::AppendReport> append(std::span<const record::Interaction> batch) override {
    records.insert(records.end(), batch.begin(), batch.end());
    return logstore::AppendReport{.appended = batch.size()};
  }
  Result<logstore::Page> scan(const logstore::Selection& selection, logstore::Order, std::size_t limit,
                              const std::optional<logstore::Cursor>& after) override {
    if (!error.empty()) return unavailable(error);
    if (on_scan) on_scan();
    std::size_t begin = after ? std::stoul(after->token) : 0;
    logstore::Page page;
    for (; begin < records.size() && page.records.size() < std::min<std::size_t>(limit, 25); ++begin) {
      if (records[begin].workload == *selection.workload && records[begin].client == *selection.client) {
        page.records.push_back(records[begin]);
      }
    }
    if (begin < records.size()) page.next = logstore::Cursor{std::to_string(begin)};
    return page;
  }
  Result<std::optional<record::Interaction>> find(const record::RecordId& id) override {
    if (on_find) on_find();
    for (const auto& one : records) {
      if (one.id == id) return std::optional(one);
    }
    return std::optional<record::Interaction>();
  }
  Result<std::vector<logstore::WorkloadSummary>> workloads() override {
    return std::vector<logstore::WorkloadSummary>();
  }
  Result<std::uint64_t> remove(const logstore::Selection&) override { return std::uint64_t{0}; }

  logstore::Backlog settle(const logstore::Selection&, const Deadline&) override {
    if (on_settle) on_settle();
    return lacking;
  }
  Result<std::map<std::string, std::uint64_t>> left_out(const logstore::Selection&) override { return no_records; }

  std::vector<record::Interaction> records;
  logstore::Backlog lacking;                        ///< what waits for the store
  std::map<std::string, std::uint64_t> no_records;  ///< what lies in it beside records
  std::string error;
  std::function<void()> on_settle;
  std::function<void()> on_scan;
  std::function<void()> on_find;
};

/// Datasets as folders.
class FakeDatasetStore final : public modelops::DatasetStore {
 public:
  explicit FakeDatasetStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Result<modelops::DatasetRef> put(const std::string& name, const std::vector<modelops::DatasetFile>& files,
                                   std::uint64_t num_records) override {
    std::string all;
    for (const auto& file : files) {
      const auto path = folder_ / name / file.path;
      FW_TRY(io::create_folders(path.parent_path()));
      FW_TRY(io::write_file_atomically(path, file.content));
      all += file.path + file.content;
    }
    return modelops::DatasetRef{name, sha256_hex(all), "file://" + (folder_ / name).string(), num_records};
  }
  Result<std::filesystem::path> local_path(const modelops::DatasetRef& dataset, const std::string& path) override {
    return folder_ / dataset.name / path;
  }
  Status remove(const std::string& name) override {
    if (refuses_removal) return unavailable("the store is down");
    std::filesystem::remove_all(folder_ / name);
    return {};
  }
  [[nodiscard]] std::size_t count() const {
    if (!std::filesystem::exists(folder_)) return 0;
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  bool refuses_removal = false;

 private:
  std::filesystem::path folder_;
};

class FakeDeployer final : public modelops::Deployer {
 public:
  explicit FakeDeployer(Script& script) : script_(script) {}

  Task<Result<modelops::Deployment>> deploy(modelops::DeploymentRequest request, Deadline deadline) override {
    const std::string kind = request.adapter ? "deploy-tuned" : request.embeds ? "deploy-embedding" : "deploy";
    calls.push_back(kind + " " + request.model.name);
    if (request.log) request.log->follow([this, call = calls.back()] { return words(call); });
    FW_CO_TRY(co_await script_.pass(calls.back(), deadline));
    const std::string id = std::to_string(++last_);
    live.insert(id);
    modelops::Endpoint endpoint{"http://fake/v1", request.model.name, ""};
    endpoint.input_tokens = request.embeds ? input_tokens : 0;
    co_return modelops::Deployment{modelops::DeploymentId(id), std::move(endpoint), "a fake engine"};
  }
  Task<void> share_beginning(modelops::DeploymentId, std::string, Deadline) override { co_return; }

  Task<Status> undeploy(modelops::DeploymentId id) override {
    live.erase(*id);
    co_return Status{};
  }

  std::vector<std::string> calls;
  std::set<std::string> live;
  std::vector<std::string> said;  ///< by every engine, after its first line
  std::int64_t input_tokens = 0;  ///< of embedding models

 private:
  [[nodiscard]] std::vector<std::string> words(const std::string& call) const {
    std::vector<std::string> out{call + ": loading"};
    out.insert(out.end(), said.begin(), said.end());
    return out;
  }
  Script& script_;
  int last_ = 0;
};

/// Ten steps; the checkpoint is a file that counts them. Halfway it passes the script.
class FakeTrainer final : public modelops::Trainer {
 public:
  FakeTrainer(Script& script, std::vector<std::string>& calls) : script_(script), calls_(calls) {}

  Task<Status> check_device(modelops::ModelSpec model, modelops::TrainingSettings /*settings*/,
                            Deadline deadline) override {
    return script_.pass("device of " + model.name, std::move(deadline));
  }
  Task<Result<modelops::TrainedModel>> train(modelops::TrainingJob job,
                                             std::function<void(const modelops::TrainingProgress&)> on_progress,
                                             Deadline deadline) override {
    calls_.push_back("train " + job.model.name);
    const auto checkpoint = job.work_folder / "checkpoint";
    auto saved = io::read_file(checkpoint);
    modelops::TrainedModel trained;
    trained.rows = evals_count(job.train_rows);
    for (std::int64_t step = 1; step <= 10; ++step) {
      const double loss = 1.0 / static_cast<double>(step);
      trained.curve.push_back({.step = step, .total_steps = 10, .loss = loss});
      if (saved.ok() && step <= std::stol(*saved)) continue;
      if (step == 6) FW_CO_TRY(co_await script_.pass("train " + job.model.name, deadline));
      ++steps_run;
      FW_CO_TRY(io::write_file_atomically(checkpoint, std::to_string(step)));
      on_progress(trained.curve.back());
    }
    trained.steps = 10;
    trained.epochs = 2;
    trained.device = "a card";
    trained.adapter = {job.work_folder / "adapter.gguf", job.work_folder / "peft"};
    FW_CO_TRY(io::write_file_atomically(trained.adapter.gguf, "adapter"));
    co_return trained;
  }

  int steps_run = 0;

 private:
  static std::uint64_t evals_count(const std::filesystem::path& rows) {
    const auto text = io::read_file(rows);
    return text.ok() ? static_cast<std::uint64_t>(std::ranges::count(*text, '\n')) : 0;
  }
  Script& script_;
  std::vector<std::string>& calls_;
};

/// The vector of a text is how often it holds each letter.
class FakeEmbedder final : public modelops::Embedder {
 public:
  Task<Result<modelops::Embeddings>> embed(modelops::Endpoint endpoint, std::vector<std::string> texts,
                                           modelops::EmbeddingUse, Deadline deadline) override {
    asked.push_back(endpoint.model);
    if (on_embed) on_embed();
    if (stalls) {
      is_stalled = true;
      FW_CO_TRY(co_await sleep_for(std::chrono::hours(1), deadline));
    }
    if (fails) co_return unavailable("nobody embeds");
    modelops::Embeddings out;
    const auto most = static_cast<std::size_t>(endpoint.input_tokens);
    for (const auto& text : texts) {
      if (most > 0 && text.size() > most) out.cut.push_back(out.vectors.size());
      auto& counts = out.vectors.emplace_back(26, 0.0F);
      for (const char c : text)
        if (c >= 'a' && c <= 'z') ++counts[static_cast<std::size_t>(c - 'a')];
    }
    co_return out;
  }

  std::vector<std::string> asked;  ///< models
  std::function<void()> on_embed;
  std::atomic<bool> stalls = false;  ///< until its deadline ends
  std::atomic<bool> is_stalled = false;
  bool fails = false;
};

/// Answers are right or wrong by the hash of row, model and kind: base half of the rows, in-context three quarters,
/// tuned all.
class FakeEvaluator final : public modelops::Evaluator {
 public:
  FakeEvaluator(Script& script, std::vector<std::string>& calls) : script_(script), calls_(calls) {}

  Task<Result<modelops::EvaluationResult>> evaluate(
      modelops::EvaluationJob job, std::function<void(const modelops::EvaluationProgress&)> on_progress,
      Deadline deadline) override {
    const std::string place = *job.variant + " " + job.target.model;
    calls_.push_back(place);
    FW_CO_ASSIGN(auto rows, evals::read_rows(job.rows));
    if (job.max_rows && *job.max_rows < rows.size()) rows.resize(*job.max_rows);
    modelops::EvaluationResult result{.wall_seconds = 1};
    for (const auto& row : rows) {
      if (result.rows.size() == rows.size() / 2) FW_CO_TRY(co_await script_.pass(place, deadline));
      result.rows.push_back(answer(row, job));
      on_progress({result.rows.size(), rows.size(), 0});
    }
    FW_CO_TRY(evals::write_row_results(job.results, result.rows));
    co_return result;
  }

  Task<Status> check_judge(modelops::Judge, Deadline deadline) override {
    calls_.push_back("judge");
    co_return co_await script_.pass("judge", deadline);
  }

 private:
  static modelops::RowResult answer(const evals::EvaluationRow& row, const modelops::EvaluationJob& job) {
    const auto tuned = *job.variant == "base-eval" ? 50U : *job.variant == "icl-eval" ? 75U : 100U;
    const auto share = job.is_trivial ? 0U : tuned;
    const bool is_right = hash64(row.record_id + job.target.model) % 100 < share;
    modelops::RowResult result{.record_id = row.record_id, .traits = row.traits};
    result.request = row.request;
    result.response = R"({"choices":[{"message":{"role":"assistant","content":"said"}}]})";
    result.reference = row.reference;
    for (const evals::Metric* metric : evals::metrics()) {
      if (metric->applies_to(row.traits.kind) && (!metric->is_judged || job.judge))
        result.scores[std::string(metric->name)] = is_right ? 1 : 0;
    }
    result.prompt_tokens = 100;
    result.completion_tokens = 10;
    result.latency_seconds = 0.5;
    result.attempts = 1;
    return result;
  }
  Script& script_;
  std::vector<std::string>& calls_;
};

class FakePoster final : public WebhookPoster {
 public:
  Task<Result<int>> post(WebhookRequest request, Deadline) override {
    requests.push_back(request);
    if (answers.empty()) co_return 200;
    auto answer = answers.front();
    answers.erase(answers.begin());
    if (answer == 0) co_return unavailable("connection refused");
    co_return answer;
  }
  std::vector<WebhookRequest> requests;
  std::vector<int> answers;  ///< 0: no answer; 200 when used up
};

/// A store whose process dies at its n-th write, before or after that write is durable; from then on nothing works.
class CrashingStore final : public metastore::MetaStore {
 public:
  CrashingStore(metastore::MetaStore& inner, int crash_at, bool is_durable)
      : inner_(inner), left_(crash_at), is_durable_(is_durable) {}

  [[nodiscard]] bool has_crashed() const { return is_dead_; }
  /// Lets `writes` more of them succeed.
  void fail_after(int writes) { left_ = writes + 1; }
  /// A full disk that was only full for a while.
  void heal() {
    left_ = 1'000'000;
    is_dead_ = false;
  }
  [[nodiscard]] int steps_reads() const { return steps_reads_; }

  Result<std::int64_t> create_job(const metastore::JobRow& job, std::int64_t at_least,
                                  const FirstEvents& events) override {
    return write([&] { return inner_.create_job(job, at_least, events); });
  }
  Result<metastore::JobRowPage> jobs(metastore::JobStatusFilter filter, std::int64_t after,
                                     std::size_t limit) override {
    if (is_dead_) return dead();
    return inner_.jobs(filter, after, limit);
  }
  Result<std::optional<metastore::JobRow>> job(const std::string& id) override {
    if (is_dead_) return dead();
    return inner_.job(id);
  }
  Status request_cancel(const std::string& id) override {
    return write([&] { return inner_.request_cancel(id); });
  }
  Status request_delete(const std::string& id) override {
    return write([&] { return inner_.request_delete(id); });
  }
  Status erase_job(const std::string& id) override {
    return write([&] { return inner_.erase_job(id); });
  }
  /// Looking for work in vain is no write.
  Result<std::optional<metastore::Lease>> claim_next(Work work, const std::string& worker, Timestamp now,
                                                     Timestamp until, std::span<const std::string> except) override {
    if (is_dead_) return dead();
    auto lease = inner_.claim_next(work, worker, now, until, except);
    if (!lease.ok() || !*lease) return lease;
    using Claimed = Result<std::optional<metastore::Lease>>;
    auto claimed = write([&]() -> Claimed { return lease; });
    if (!claimed.ok() && !is_durable_) static_cast<void>(inner_.release(**lease));
    return claimed;
  }
  Result<metastore::Lease> claim(const std::string& id, const std::string& worker, Timestamp now,
                                 Timestamp until) override {
    return write([&] { return inner_.claim(id, worker, now, until); });
  }
  Status renew(const metastore::Lease& lease, Timestamp until) override {
    return write([&] { return inner_.renew(lease, until); });
  }
  Status release(const metastore::Lease& lease) override {
    return write([&] { return inner_.release(lease); });
  }
  Result<std::int64_t> append_events(const metastore::Lease& lease,
                                     std::span<const metastore::NewEvent> events) override {
    return write([&] { return inner_.append_events(lease, events); });
  }
  Result<std::int64_t> record_step(const metastore::Lease& lease, const metastore::StepRow& step,
                                   std::span<const metastore::NewEvent> events) override {
    return write([&] { return inner_.record_step(lease, step, events); });
  }
  Result<std::int64_t> finish_job(const metastore::Lease& lease, std::span<const metastore::NewEvent> events,
                                  std::span<const metastore::Delivery> deliveries) override {
    return write([&] { return inner_.finish_job(lease, events, deliveries); });
  }
  Status record_attempt(const metastore::Lease& lease, const std::string& id, const metastore::Attempt& attempt,
                        metastore::DeliveryStatus status) override {
    return write([&] { return inner_.record_attempt(lease, id, attempt, status); });
  }
  Result<std::vector<metastore::StepRow>> steps(const std::string& id) override {
    ++steps_reads_;
    if (is_dead_) return dead();
    return inner_.steps(id);
  }
  Result<std::vector<metastore::EventRow>> events(const std::string& id, std::int64_t after,
                                                  std::size_t limit) override {
    if (is_dead_) return dead();
    return inner_.events(id, after, limit);
  }
  Result<std::vector<metastore::Delivery>> pending_deliveries() override {
    if (is_dead_) return dead();
    return inner_.pending_deliveries();
  }
  Result<std::vector<metastore::Delivery>> deliveries(const std::string& id) override {
    if (is_dead_) return dead();
    return inner_.deliveries(id);
  }
  std::unique_ptr<metastore::Listening> listen(metastore::NoticeHandler handler) override {
    return inner_.listen(std::move(handler));
  }
  void announce(const metastore::Notice& notice) override { inner_.announce(notice); }

 private:
  std::atomic<int> steps_reads_{0};
  static Error dead() { return internal("the process is dead"); }
  template <class Write>
  std::invoke_result_t<Write> write(Write body) {
    if (is_dead_) return dead();
    if (--left_ > 0) return body();
    is_dead_ = true;
    if (is_durable_) static_cast<void>(body());
    return dead();
  }

  metastore::MetaStore& inner_;
  std::atomic<int> left_;
  const bool is_durable_;
  std::atomic<bool> is_dead_ = false;
};

}  // namespace fw::runs::testing
