#include "trainer/loop/training.h"

#include <ATen/TensorOperators.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/hash.h"
#include "io/machine.h"
#include "trainer/device/device_engine.h"
#include "trainer/loop/engine.h"
#include "trainer/loop/frozen_states.h"
#include "trainer/loop/validation.h"
#include "trainer/packing/families.h"

namespace fw::trainer {
namespace {

// A checkpoint is not written before training has taken so many times as long as the last one took to write.
constexpr double kStepsPerWrite = 20;

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// What of a configuration decides what the weights compute.
std::string shape_of(const ModelConfig& c) {
  const auto& r = c.rope;
  nlohmann::json kinds = nlohmann::json::array();
  for (const auto& kind : c.kinds) kinds.push_back({kind.is_windowed, static_cast<int>(kind.rope)});
  return nlohmann::json{c.heads,
                        c.kv_heads,
                        c.head_dim,
                        c.norm_eps,
                        c.rope_theta,
                        static_cast<int>(r.kind),
                        r.factor,
                        r.original_context,
                        r.attention_factor,
                        r.extra_attention_factor,
                        r.divisors,
                        c.sliding_window,
                        c.rotated,
                        c.local_rope_theta,
                        kinds,
                        static_cast<int>(c.activation),
                        c.post_norms,
                        c.embedding_scale,
                        c.attention_scale,
                        c.attention_cap,
                        c.logit_cap}
      .dump();
}

std::string fingerprint_of(const ModelWeights& weights, const std::vector<TrainingRow>& rows,
                           const std::vector<TrainingRow>& validation, const TrainingOptions& o) {
  Sha256 hash;
  const auto add_tensor = [&](const at::Tensor& t) {
    const std::string_view bytes(static_cast<const char*>(t.const_data_ptr()), t.nbytes());
    hash.update(std::to_string(hash64(bytes)) + "|");
  };
  for (const auto& t : weights.parameters()) add_tensor(t);
  hash.update(shape_of(weights.config));
  for (const auto* set : {&rows, &validation})
    for (const auto& row : *set) {
      hash.update({reinterpret_cast<const char*>(row.tokens.data()), row.tokens.size() * sizeof(Token)});
      hash.update("|" + std::to_string(row.answer_begin) + "|");
    }
  const nlohmann::json settings{o.epochs,
                                o.batch_size,
                                o.gradient_accumulation,
                                o.learning_rate,
                                static_cast<int>(o.decay),
                                o.warmup_ratio,
                                o.final_lr_ratio,
                                o.clip_norm,
                                o.weight_decay,
                                o.rank,
                                o.alpha,
                                o.dropout,
                                o.upper_layers.value_or(-1),
                                o.rank_stabilised,
                                o.patience,
                                static_cast<int>(o.best_by),
                                o.seed,
                                o.keep_order};
  if (o.initial_adapter)
    for (const auto& item : o.initial_adapter->named()) add_tensor(item.tensor);
  hash.update(settings.dump());
  return hash.finish_hex();
}

std::vector<const TrainingRow*> pointers(const std::vector<TrainingRow>& rows) {
  std::vector<const TrainingRow*> out;
  for (const auto& row : rows) out.push_back(&row);
  return out;
}

class Training {
 public:
  Training(const ModelWeights& weights, const std::vector<TrainingRow>& rows,
           const std::vector<TrainingRow>& validation, const TrainingOptions& options, const TrainingEvents& events,
           const Clock& clock)
      : weights_(weights),
        train_(pointers(rows)),
        validation_(pointers(validation)),
        families_(families(train_)),
        options_(options),
        events_(events),
        clock_(clock),
        first_layer_(lowest_trained_layer()),
        adapter_(new_adapter()),
        optimizer_(tensors_of(adapter_), {.weight_decay = options.weight_decay, .clip_norm = options.clip_norm}),
        checkpoint_(options.checkpoint_folder) {
    const auto step_rows = std::int64_t{options.batch_size} * options.gradient_accumulation;
    steps_per_epoch_ = (static_cast<std::int64_t>(rows.size()) + step_rows - 1) / step_rows;
    rate_ = {options.learning_rate, options.decay, options.warmup_ratio, options.final_lr_ratio,
             steps_per_epoch_ * options.epochs};
    state_.fingerprint = fingerprint_of(weights, rows, validation, options);
  }

  Result<TrainingResult> run() {
    FW_TRY(open_engine());
    FW_TRY(resume());
    FW_TRY(prepare_states());
    FW_TRY(plan());
    started_ = last_checkpoint_ = clock_.instant();
    while (state_.step < rate_.total_steps && !has_lost_patience()) {
      FW_TRY(run_step());
      FW_TRY(keep_checkpoint());
    }
    engine_->fetch();
    TrainingResult result{.adapter = adapter_, .steps = state_.step, .resumed_from = resumed_from_};
    result.best_step = state_.step;
    if (state_.best) {
      result.adapter = state_.best->adapter;
      result.best_step = state_.best->step;
      result.validation_loss = state_.best->loss;
      result.validation_exact = state_.best->exact;
    }
    if (state_.step < rate_.total_steps)
      warnings_.push_back("training ended after epoch " + std::to_string(state_.step / steps_per_epoch_) + " of " +
                          std::to_string(options_.epochs) + ": validation had not become better for " +
                          std::to_string(options_.patience));
    result.warnings = warnings_;
    return result;
  }

 private:
  [[nodiscard]] int lowest_trained_layer() const {
    if (options_.initial_adapter) return options_.initial_adapter->named().front().layer;
    if (!options_.upper_layers) return 0;
    return std::max(0, static_cast<int>(weights_.config.layers) - *options_.upper_layers);
  }

  [[nodiscard]] Adapter new_adapter() const {
    if (options_.initial_adapter) return copy(*options_.initial_adapter);
    AdapterSettings settings;
    settings.rank = options_.rank;
    settings.alpha = options_.alpha;
    settings.rank_stabilised = options_.rank_stabilised;
    settings.first_layer = first_layer_;
    return make_adapter(weights_.config, settings, Random::for_purpose(options_.seed, "adapter"));
  }

  static std::vector<at::Tensor> tensors_of(const Adapter& adapter) {
    std::vector<at::Tensor> out;
    for (const auto& item : adapter.named()) out.push_back(item.tensor);
    return out;
  }

  [[nodiscard]] std::int64_t longest_row() const {
    std::size_t longest = 1;
    for (const auto* set : {&train_, &validation_})
      for (const auto* row : *set) longest = std::max(longest, row->tokens.size());
    return static_cast<std::int64_t>(longest);
  }

  Status open_engine() {
    if (options_.device == nullptr) {
      engine_ = make_processor_engine(weights_, adapter_, optimizer_, first_layer_, longest_row());
      return {};
    }
    FW_ASSIGN(engine_,
              make_device_engine(*options_.device, weights_, adapter_, optimizer_, first_layer_, longest_row()));
    return {};
  }

  [[nodiscard]] bool stop_wanted() const { return events_.should_stop && events_.should_stop(); }
  [[nodiscard]] double elapsed() const { return state_.seconds + to_seconds(clock_.instant() - started_); }

  Status resume() {
    if (!checkpoint_.is_kept()) return {};
    FW_ASSIGN(auto found, checkpoint_.read(state_.fingerprint, adapter_, optimizer_));
    if (!found) return {};
    engine_->put();
    state_ = std::move(*found);
    resumed_from_ = state_.step;
    if (events_.on_progress)
      for (const auto& p : state_.curve) events_.on_progress(p, true);
    return {};
  }

  Status prepare_states() {
    if (first_layer_ == 0) return {};
    auto all = train_;
    all.insert(all.end(), validation_.begin(), validation_.end());
    const auto spill_folder =
        options_.checkpoint_folder.empty() ? std::filesystem::temp_directory_path() : options_.checkpoint_folder;
    const auto prepared =
        engine_->prepare_states(all, {options_.frozen_memory_limit, spill_folder, [&](std::size_t done) {
                                        if (events_.on_prepared) events_.on_prepared(done, all.size());
                                        return !stop_wanted();
                                      }});
    if (prepared.ok() || prepared.error().code != ErrorCode::kResourceExhausted) return prepared;
    warnings_.push_back(prepared.error().message + "; the lower layers were computed anew in every epoch");
    return {};
  }

  // How steps are cut into passes. A checkpoint's cut is kept, unless the training was killed for want of memory.
  Status plan() {
    MemoryNeeds needs{.config = weights_.config};
    needs.trained_layers = weights_.config.layers - first_layer_;
    needs.rank = adapter_.settings.rank;
    needs.longest_row = longest_row();
    needs.largest_step = largest_step();
    needs.share = options_.memory_share;
    FW_ASSIGN(auto plan, engine_->plan(needs));
    if (options_.pass_tokens > 0) plan.pass_tokens = options_.pass_tokens;
    if (state_.pass_tokens > 0 && options_.memory_share == 1) plan.pass_tokens = state_.pass_tokens;
    const auto kept = static_cast<std::uint64_t>(std::min(plan.pass_tokens, needs.largest_step)) * plan.bytes_per_token;
    plan.recomputes = options_.recompute.value_or(plan.recomputes || kept > plan.available);
    state_.pass_tokens = plan.pass_tokens;
    recomputes_ = plan.recomputes;
    engine_->set_recomputation(recomputes_);
    if (events_.on_plan) events_.on_plan(plan);
    return {};
  }

  [[nodiscard]] std::int64_t largest_step() const {
    const auto rows = static_cast<std::int64_t>(options_.batch_size) * options_.gradient_accumulation;
    return std::min<std::int64_t>(rows, static_cast<std::int64_t>(train_.size())) * longest_row();
  }

  // The rows of a step: the epoch's order is drawn from the seed and the epoch alone. Rows of a family stay together.
  std::vector<std::size_t> rows_of_step(std::int64_t step) {
    const std::int64_t epoch = step / steps_per_epoch_;
    const auto size =
        static_cast<std::size_t>(options_.batch_size) * static_cast<std::size_t>(options_.gradient_accumulation);
    if (epoch != order_epoch_) {
      order_ = order_of(epoch, size);
      order_epoch_ = epoch;
    }
    const auto begin = static_cast<std::size_t>(step % steps_per_epoch_) * size;
    const auto end = std::min(begin + size, order_.size());
    return {order_.begin() + static_cast<std::ptrdiff_t>(begin), order_.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  [[nodiscard]] std::vector<std::size_t> order_of(std::int64_t epoch, std::size_t step_rows) const {
    if (options_.keep_order) {
      std::vector<std::size_t> order(train_.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      return order;
    }
    auto random = Random::for_purpose(options_.seed, "order of epoch " + std::to_string(epoch));
    return shuffle_families(families_, std::max<std::size_t>(1, step_rows / 2), random);
  }

  // What a checkpoint holds is enough to know it again.
  [[nodiscard]] bool has_lost_patience() const {
    return options_.patience > 0 && state_.best && state_.step % steps_per_epoch_ == 0 &&
           state_.step - state_.best->step >= options_.patience * steps_per_epoch_;
  }

  // One forward and backward pass over some rows of a step; their loss summed.
  Result<double> run_pass(std::span<const std::size_t> numbers, double label_tokens) {
    std::vector<const TrainingRow*> batch;
    for (const auto n : numbers) batch.push_back(train_[n]);
    return engine_->train(pack(batch), numbers, label_tokens);
  }

  // All passes of a step; their loss summed.
  Result<double> run_passes(std::span<const std::size_t> numbers, std::int64_t common, double label_tokens) {
    double loss = 0;
    for (std::size_t begin = 0; begin < numbers.size();) {
      if (stop_wanted()) return stop().error();
      const auto end = pass_end(numbers, begin, common);
      FW_ASSIGN(const double of_pass, run_pass(numbers.subspan(begin, end - begin), label_tokens));
      loss += of_pass;
      begin = end;
    }
    return loss;
  }

  // What did not fit is cut smaller: half the tokens, then layers computed again, down to the longest row by itself.
  bool cut_smaller() {
    if (state_.pass_tokens > longest_row()) {
      state_.pass_tokens = std::max(std::min(state_.pass_tokens, largest_step()) / 2, longest_row());
    } else if (!recomputes_) {
      engine_->set_recomputation(recomputes_ = true);
    } else {
      return false;
    }
    warnings_.push_back("memory ran out at step " + std::to_string(state_.step + 1) + "; from there on passes have " +
                        std::to_string(state_.pass_tokens) + " tokens at most" +
                        (recomputes_ ? " and compute layers again" : ""));
    return true;
  }

  // Cuts a step's rows into passes of at most pass_tokens, counting what they have in common once.
  [[nodiscard]] std::size_t pass_end(std::span<const std::size_t> numbers, std::size_t begin,
                                     std::int64_t common) const {
    std::int64_t tokens = common;
    std::size_t end = begin;
    for (; end < numbers.size(); ++end) {
      tokens += static_cast<std::int64_t>(train_[numbers[end]]->tokens.size()) - common;
      if (end > begin && tokens > state_.pass_tokens) break;
    }
    return end;
  }

  Status run_step() {
    const auto begun = clock_.instant();
    const auto numbers = rows_of_step(state_.step);
    std::vector<const TrainingRow*> batch;
    double label_tokens = 0, row_tokens = 0;
    for (const auto n : numbers) {
      batch.push_back(train_[n]);
      label_tokens += static_cast<double>(train_[n]->tokens.size()) - static_cast<double>(train_[n]->answer_begin);
      row_tokens += static_cast<double>(train_[n]->tokens.size());
    }
    const std::int64_t common = common_beginning(batch);
    engine_->set_dropout(options_.dropout,
                         Random::for_purpose(options_.seed, "dropout of step " + std::to_string(state_.step)).next());
    auto passed = run_passes(numbers, common, label_tokens);
    while (!passed.ok() && passed.error().code == ErrorCode::kResourceExhausted && cut_smaller()) {
      engine_->forget_gradients();
      passed = run_passes(numbers, common, label_tokens);
    }
    if (!passed.ok()) return std::move(passed).error();
    const double loss = *passed;
    const double rate = rate_.at(state_.step);
    const double norm = std::isfinite(loss) ? engine_->step(rate) : loss;
    if (!std::isfinite(norm)) return diverged(loss, norm, rate);
    ++state_.step;
    Progress progress;
    progress.loss = loss / label_tokens;
    progress.learning_rate = rate;
    progress.tokens_per_second = row_tokens / std::max(1e-9, to_seconds(clock_.instant() - begun));
    return report(progress);
  }

  [[nodiscard]] Status diverged(double loss, double norm, double rate) const {
    const auto what = std::isfinite(loss) ? "the norm of its gradient is " + std::to_string(norm)
                                          : "its loss is " + std::to_string(loss);
    return failed_precondition("training diverged at step " + std::to_string(state_.step + 1) + " of " +
                               std::to_string(rate_.total_steps) + ": " + what + " (learning rate " +
                               nlohmann::json(rate).dump() + "); lower learning_rate, or set clip_norm");
  }

  [[nodiscard]] bool is_best(const Score& scored) const {
    if (!state_.best) return true;
    if (options_.best_by == BestBy::kExact && scored.exact != state_.best->exact)
      return scored.exact > state_.best->exact;
    return scored.loss < state_.best->loss;
  }

  Status report(Progress progress) {
    const bool epoch_ends = state_.step % steps_per_epoch_ == 0;
    if (epoch_ends && !validation_.empty()) {
      engine_->set_dropout(0, 0);
      auto scored = score([&](const TokenTree& tree, auto numbers) { return engine_->score(tree, numbers); },
                          validation_, train_.size(), [&] { return !stop_wanted(); });
      if (!scored.ok()) return std::move(scored).error();
      if (!std::isfinite(scored->loss)) return diverged(scored->loss, 0, progress.learning_rate);
      progress.validation_loss = scored->loss;
      progress.validation_exact = scored->exact;
      engine_->fetch();
      if (is_best(*scored)) state_.best = BestAdapter{copy(adapter_), state_.step, scored->loss, scored->exact};
    }
    progress.step = state_.step;
    progress.total_steps = rate_.total_steps;
    progress.epoch = static_cast<double>(state_.step) / static_cast<double>(steps_per_epoch_);
    progress.memory_bytes = resident_bytes();
    progress.seconds_left =
        elapsed() / static_cast<double>(state_.step) * static_cast<double>(rate_.total_steps - state_.step);
    state_.curve.push_back(progress);
    if (events_.on_progress) events_.on_progress(progress, false);
    if (epoch_ends) return write();
    return {};
  }

  Status keep_checkpoint() {
    const double least = std::max(options_.checkpoint_seconds, kStepsPerWrite * write_seconds_);
    if (to_seconds(clock_.instant() - last_checkpoint_) < least) return {};
    return write();
  }

  Status write() {
    if (!checkpoint_.is_kept()) return {};
    const auto begun = clock_.instant();
    const double before = state_.seconds;
    state_.seconds = elapsed();
    engine_->fetch();
    const auto status = checkpoint_.write(state_, adapter_, optimizer_);
    state_.seconds = before;
    last_checkpoint_ = clock_.instant();
    write_seconds_ = to_seconds(last_checkpoint_ - begun);
    return status;
  }

  Status stop() {
    FW_TRY(write());
    return cancelled("training was stopped");
  }

  const ModelWeights& weights_;
  std::vector<const TrainingRow*> train_, validation_;
  std::vector<std::vector<std::size_t>> families_;
  const TrainingOptions& options_;
  const TrainingEvents& events_;
  const Clock& clock_;
  int first_layer_;
  Adapter adapter_;
  Optimizer optimizer_;
  std::unique_ptr<Engine> engine_;
  bool recomputes_ = false;
  LearningRate rate_;
  std::int64_t steps_per_epoch_ = 1;
  CheckpointState state_;
  std::int64_t resumed_from_ = 0;
  std::vector<std::size_t> order_;
  std::int64_t order_epoch_ = -1;
  Checkpoint checkpoint_;
  std::vector<std::string> warnings_;
  Instant started_, last_checkpoint_;
  double write_seconds_ = 0;  ///< that the last checkpoint took
};

}  // namespace

Result<TrainingResult> train(const ModelWeights& weights, const std::vector<TrainingRow>& rows,
                             const std::vector<TrainingRow>& validation, const TrainingOptions& options,
                             const TrainingEvents& events, const Clock& clock) {
  if (rows.empty()) return invalid_argument("there are no rows to train on");
  return Training(weights, rows, validation, options, events, clock).run();
}

}  // namespace fw::trainer
