#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/machine.h"
#include "trainer/commands/commands.h"
#include "trainer/device/cuda/cuda_device.h"
#include "trainer/device/device_engine.h"
#include "trainer/device/device_model.h"
#include "trainer/loop/validation.h"
#include "trainer/model/precision.h"

namespace fw::trainer {
namespace {

std::vector<const TrainingRow*> pointers(const std::vector<TrainingRow>& rows) {
  std::vector<const TrainingRow*> out;
  for (const auto& row : rows) out.push_back(&row);
  return out;
}

// What a plan is made for: what was asked for, or what is free here.
Result<std::uint64_t> memory_of(const PlanArguments& arguments, bool on_gpu) {
  if (arguments.memory) return *arguments.memory;
  if (!on_gpu) return io::read_machine_limits().available_bytes;
  FW_ASSIGN(const auto information, cuda_information());
  return information.free_bytes;
}

}  // namespace

Status run_merge(const MergeArguments& arguments, EventWriter& events) {
  FW_ASSIGN(const auto type, parse_merged_type(arguments.type));
  FW_TRY(write_merged_model(arguments.model, arguments.adapter, arguments.keep_layers, type, arguments.out));
  events.write({{"event", "done"}, {"merged", arguments.out.string()}});
  return {};
}

Status run_tokens(const TokensArguments& arguments, EventWriter& events) {
  FW_ASSIGN(auto tokenizer, open_tokenizer(arguments.model));
  FW_ASSIGN(const auto rows, read_rows(arguments.rows, tokenizer, arguments.model.max_seq_length));
  for (std::size_t i = 0; i < rows.rows.size(); ++i)
    events.write({{"event", "row"},
                  {"line", rows.lines[i]},
                  {"tokens", rows.rows[i].tokens},
                  {"answer_begin", rows.rows[i].answer_begin}});
  events.write({{"event", "done"}, {"rows", rows.rows.size()}, {"rows_left_out", rows.left_out_count()}});
  return {};
}

Status run_score(const ScoreArguments& arguments, EventWriter& events, const ProcessGuard& guard) {
  FW_ASSIGN(const auto weights, open_model(arguments.model));
  FW_ASSIGN(auto tokenizer, open_tokenizer(arguments.model));
  FW_ASSIGN(const auto rows,
            read_rows(arguments.rows, tokenizer, std::min(arguments.model.max_seq_length, weights.config.context)));
  FW_TRY(check_tokens(rows.rows, weights.config));
  std::optional<Adapter> adapter;
  if (!arguments.adapter.empty()) {
    FW_ASSIGN(adapter, read_peft_adapter(weights.config, arguments.adapter));
  }
  std::size_t longest = 1;
  for (const auto& row : rows.rows) longest = std::max(longest, row.tokens.size());
  const PackedModel model(weights, adapter ? &*adapter : nullptr, static_cast<std::int64_t>(longest));
  FW_ASSIGN(const auto scored,
            score(model, weights.config, pointers(rows.rows), 0, nullptr, 0, [&] { return !guard.stopping(); }));
  for (std::size_t i = 0; i < rows.rows.size(); ++i)
    events.write(
        {{"event", "row"}, {"line", rows.lines[i]}, {"exact", scored.hits[i] != 0}, {"loss", scored.losses[i]}});
  events.write({{"event", "done"},
                {"rows", rows.rows.size()},
                {"rows_left_out", rows.left_out_count()},
                {"exact", scored.exact},
                {"loss", scored.loss}});
  return {};
}

Status run_plan(const PlanArguments& arguments, EventWriter& events) {
  FW_ASSIGN(const auto source, open_weights(arguments.model.model));
  MemoryNeeds needs{.config = source->config()};
  if (!arguments.model.keep_layers.empty())
    needs.config.layers = static_cast<std::int64_t>(arguments.model.keep_layers.size());
  const auto& config = needs.config;
  const auto& options = arguments.options;
  const bool on_gpu = arguments.model.device == DeviceChoice::kCuda;
  needs.precision = on_gpu ? Precision::kBf16 : arguments.model.precision.value_or(fastest_precision());
  if (on_gpu) FW_TRY(check_for_device(arguments.model, config));
  needs.trained_layers = std::min<std::int64_t>(config.layers, options.upper_layers.value_or(1 << 20));
  needs.rank = options.rank;
  needs.threads = arguments.model.threads > 0 ? arguments.model.threads : default_threads();
  needs.longest_row = std::min(arguments.model.max_seq_length, config.context);
  needs.largest_step = std::int64_t{options.batch_size} * options.gradient_accumulation * needs.longest_row;
  const std::uint64_t all = device_weight_bytes(config, needs.rank, needs.trained_layers);
  const std::uint64_t weights = weight_bytes(config, needs.precision);
  const std::uint64_t adapter = on_gpu ? all - weights : adapter_bytes(config, needs.rank, needs.trained_layers);
  FW_ASSIGN(const auto available, memory_of(arguments, on_gpu));
  if (weights + adapter >= available)
    return resource_exhausted("the model's weights and the adapter's state need " +
                              std::to_string((weights + adapter) >> 20) + " MiB of memory, and " +
                              std::to_string(available >> 20) + " MiB are there");
  needs.available = available - weights - adapter;
  FW_ASSIGN(const auto plan, on_gpu ? plan_device_memory(needs) : plan_memory(needs));
  events.write({{"event", "plan"},
                {"pass_tokens", plan.pass_tokens},
                {"recomputes", plan.recomputes},
                {"bytes_per_token", plan.bytes_per_token},
                {"pass_bytes", plan.pass_bytes},
                {"weight_bytes", weights},
                {"adapter_bytes", adapter},
                {"peak_bytes", weights + adapter + plan.pass_bytes},
                {"available_bytes", available}});
  return {};
}

Status run_processor(EventWriter& events) {
  events.write({{"event", "processor"}, {"threads", default_threads()}, {"precision", to_string(fastest_precision())}});
  return {};
}

}  // namespace fw::trainer
