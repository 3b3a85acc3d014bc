#include "trainer/loop/training.h"

#include <ATen/TensorOperators.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/hash.h"
#include "trainer/loop/frozen_states.h"
#include "trainer/loop/validation.h"
#include "trainer/packing/families.h"

namespace fw::trainer {
namespace {

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t available_bytes() {
  std::ifstream meminfo("/proc/meminfo");
  std::string key, unit;
  std::uint64_t kib = 0;
  while (meminfo >> key >> kib >> unit)
    if (key == "MemAvailable:") return kib << 10;
  return 4ULL << 30;
}

// Tokens whose activations of all trained layers fit half of the free memory: per token and layer about what forward
// keeps for backward, plus the gradients in flight.
std::int64_t tokens_that_fit(const ModelConfig& config, std::int64_t trained_layers) {
  const std::int64_t floats =
      8 * config.hidden + 3 * (config.q_size() + 2 * config.kv_size()) + 4 * config.feed_forward;
  const auto per_token = static_cast<std::uint64_t>(floats * trained_layers) * sizeof(float);
  return std::max<std::int64_t>(
      512, static_cast<std::int64_t>(available_bytes() / 2 / std::max<std::uint64_t>(per_token, 1)));
}

std::string fingerprint_of(const ModelWeights& weights, const std::vector<TrainingRow>& rows,
                           const std::vector<TrainingRow>& validation, const TrainingOptions& o) {
  Sha256 hash;
  const auto add_tensor = [&](const at::Tensor& t) {
    hash.update({static_cast<const char*>(t.const_data_ptr()), t.nbytes()});
  };
  add_tensor(weights.final_norm);
  for (const auto& layer : weights.layers) {
    add_tensor(layer.attention_norm);
    add_tensor(layer.out);
  }
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
        model_(weights, &adapter_, longest_row()) {
    const auto step_rows = std::int64_t{options.batch_size} * options.gradient_accumulation;
    steps_per_epoch_ = (static_cast<std::int64_t>(rows.size()) + step_rows - 1) / step_rows;
    rate_ = {options.learning_rate, options.decay, options.warmup_ratio, options.final_lr_ratio,
             steps_per_epoch_ * options.epochs};
    state_.fingerprint = fingerprint_of(weights, rows, validation, options);
    state_.pass_tokens = options.pass_tokens > 0
                             ? options.pass_tokens
                             : tokens_that_fit(weights.config, weights.config.layers - first_layer_);
  }

  Result<TrainingResult> run() {
    FW_TRY(resume());
    FW_TRY(prepare_states());
    started_ = last_checkpoint_ = clock_.instant();
    while (state_.step < rate_.total_steps) {
      FW_TRY(run_step());
      FW_TRY(keep_checkpoint());
    }
    return TrainingResult{adapter_, state_.step, resumed_from_, last_score_loss(), last_score_exact()};
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

  [[nodiscard]] bool stop_wanted() const { return events_.should_stop && events_.should_stop(); }
  [[nodiscard]] double elapsed() const { return state_.seconds + to_seconds(clock_.instant() - started_); }

  Status resume() {
    if (options_.checkpoint_folder.empty()) return {};
    FW_ASSIGN(auto found, read_checkpoint(options_.checkpoint_folder, state_.fingerprint, adapter_, optimizer_));
    if (!found) return {};
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
    FW_ASSIGN(states_, FrozenStates::compute(weights_, all, first_layer_,
                                             {options_.frozen_memory_limit, spill_folder, [&](std::size_t done) {
                                                if (events_.on_prepared) events_.on_prepared(done, all.size());
                                                return !stop_wanted();
                                              }}));
    return {};
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

  // One forward and backward pass over some rows of a step; their loss summed.
  double run_pass(std::span<const std::size_t> numbers, double label_tokens) {
    std::vector<const TrainingRow*> batch;
    for (const auto n : numbers) batch.push_back(train_[n]);
    const auto input = prepare(weights_.config, pack(batch));
    const auto hidden = states_ ? states_->gather(*input.tree, numbers) : model_.embed(*input.tree);
    const auto result = model_.loss(hidden, input, first_layer_);
    (result.loss / label_tokens).backward();
    return result.loss.item<double>();
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
    double loss = 0;
    model_.set_dropout(options_.dropout,
                       Random::for_purpose(options_.seed, "dropout of step " + std::to_string(state_.step)).next());
    for (std::size_t begin = 0; begin < numbers.size();) {
      if (stop_wanted()) return stop();
      const auto end = pass_end(numbers, begin, common);
      loss += run_pass(std::span(numbers).subspan(begin, end - begin), label_tokens);
      begin = end;
    }
    const double rate = rate_.at(state_.step);
    optimizer_.step(rate);
    ++state_.step;
    Progress progress;
    progress.loss = loss / label_tokens;
    progress.learning_rate = rate;
    progress.tokens_per_second = row_tokens / std::max(1e-9, to_seconds(clock_.instant() - begun));
    return report(progress);
  }

  Status report(Progress progress) {
    const bool epoch_ends = state_.step % steps_per_epoch_ == 0;
    if (epoch_ends && !validation_.empty()) {
      model_.set_dropout(0, 0);
      auto scored = score(model_, weights_.config, validation_, first_layer_, states_ ? &*states_ : nullptr,
                          train_.size(), [&] { return !stop_wanted(); });
      if (!scored.ok()) return std::move(scored).error();
      progress.validation_loss = scored->loss;
      progress.validation_exact = scored->exact;
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
    if (to_seconds(clock_.instant() - last_checkpoint_) < options_.checkpoint_seconds) return {};
    return write();
  }

  Status write() {
    if (options_.checkpoint_folder.empty()) return {};
    auto kept = state_;
    kept.seconds = elapsed();
    FW_TRY(write_checkpoint(options_.checkpoint_folder, kept, adapter_, optimizer_));
    last_checkpoint_ = clock_.instant();
    return {};
  }

  Status stop() {
    FW_TRY(write());
    return cancelled("training was stopped");
  }

  [[nodiscard]] std::optional<double> last_score_loss() const {
    return state_.curve.empty() ? std::nullopt : state_.curve.back().validation_loss;
  }
  [[nodiscard]] std::optional<double> last_score_exact() const {
    return state_.curve.empty() ? std::nullopt : state_.curve.back().validation_exact;
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
  PackedModel model_;
  LearningRate rate_;
  std::int64_t steps_per_epoch_ = 1;
  CheckpointState state_;
  std::int64_t resumed_from_ = 0;
  std::optional<FrozenStates> states_;
  std::vector<std::size_t> order_;
  std::int64_t order_epoch_ = -1;
  Instant started_, last_checkpoint_;
};

}  // namespace

Result<TrainingResult> train(const ModelWeights& weights, const std::vector<TrainingRow>& rows,
                             const std::vector<TrainingRow>& validation, const TrainingOptions& options,
                             const TrainingEvents& events, const Clock& clock) {
  if (rows.empty()) return invalid_argument("there are no rows to train on");
  return Training(weights, rows, validation, options, events, clock).run();
}

}  // namespace fw::trainer
