#include <algorithm>
#include <nlohmann/json.hpp>

#include "trainer/commands/commands.h"
#include "trainer/model/parallel.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::ordered_json;

Json reasons_of(const RowSet& set, const std::filesystem::path& file) {
  Json out = Json::array();
  for (const auto& reason : set.left_out)
    out.push_back(
        {{"reason", reason.text}, {"rows", reason.count}, {"file", file.string()}, {"first_line", reason.first_line}});
  return out;
}

struct Rows {
  RowSet train, validation;

  [[nodiscard]] std::size_t left_out() const { return train.left_out_count() + validation.left_out_count(); }
};

Result<Rows> read_all(const TrainArguments& arguments, const ModelConfig& config) {
  FW_ASSIGN(auto tokenizer, open_tokenizer(arguments.model));
  const auto longest = std::min(arguments.model.max_seq_length, config.context);
  Rows rows;
  FW_ASSIGN(rows.train, read_rows(arguments.rows, tokenizer, longest));
  std::error_code error;
  if (!arguments.validation.empty() && std::filesystem::file_size(arguments.validation, error) > 0 && !error) {
    FW_ASSIGN(rows.validation, read_rows(arguments.validation, tokenizer, longest));
  }
  if (error) return not_found("rows " + arguments.validation.string() + " cannot be opened");
  FW_TRY(check_tokens(rows.train.rows, config));
  FW_TRY(check_tokens(rows.validation.rows, config));
  return rows;
}

TrainingEvents events_for(EventWriter& events, const ProcessGuard& guard) {
  TrainingEvents out;
  out.on_prepared = [&events](std::size_t done, std::size_t all) {
    events.write({{"event", "preparing"}, {"rows_done", done}, {"rows", all}});
  };
  out.on_plan = [&events](const MemoryPlan& plan) {
    events.write({{"event", "plan"},
                  {"pass_tokens", plan.pass_tokens},
                  {"recomputes", plan.recomputes},
                  {"bytes_per_token", plan.bytes_per_token},
                  {"pass_bytes", plan.pass_bytes},
                  {"available_bytes", plan.available}});
  };
  out.on_progress = [&events](const Progress& progress, bool again) {
    Json event{{"event", "progress"}};
    event.update(Json::parse(to_json(progress)));
    if (again) event["again"] = true;
    events.write(event);
  };
  out.should_stop = [&guard] { return guard.stopping(); };
  return out;
}

void write_started(EventWriter& events, const TrainArguments& arguments, const ModelWeights& weights, const Rows& rows,
                   const Device* device) {
  std::int64_t parameters = 0;
  for (const auto& t : weights.parameters()) parameters += t.numel();
  std::int64_t tokens = 0;
  for (const auto& row : rows.train.rows) tokens += static_cast<std::int64_t>(row.tokens.size());
  events.write({{"event", "started"},
                {"model", arguments.model.model.string()},
                {"architecture", weights.config.architecture},
                {"parameters", parameters},
                {"layers", weights.config.layers},
                {"rows", rows.train.rows.size()},
                {"row_tokens", tokens},
                {"validation_rows", rows.validation.rows.size()},
                {"rows_left_out", rows.left_out()},
                {"precision", to_string(weights.precision())},
                {"threads", threads()},
                {"device", device != nullptr ? device->name() : "cpu"}});
}

void write_done(EventWriter& events, const TrainArguments& arguments, const Rows& rows, const TrainingResult& result,
                const AdapterPaths& paths) {
  Json reasons = reasons_of(rows.train, arguments.rows);
  for (auto& reason : reasons_of(rows.validation, arguments.validation)) reasons.push_back(reason);
  Json event{{"event", "done"},
             {"adapter_gguf", paths.gguf.string()},
             {"adapter_peft", paths.peft.string()},
             {"steps", result.steps},
             {"best_step", result.best_step},
             {"resumed_from", result.resumed_from},
             {"epochs", arguments.options.epochs},
             {"rows", rows.train.rows.size()},
             {"validation_rows", rows.validation.rows.size()},
             {"rows_left_out", rows.left_out()},
             {"reasons", reasons},
             {"warnings", result.warnings}};
  if (!arguments.merge_into.empty()) event["merged"] = arguments.merge_into.string();
  if (result.validation_loss) event["validation_loss"] = *result.validation_loss;
  if (result.validation_exact) event["validation_exact"] = *result.validation_exact;
  events.write(event);
}

}  // namespace

Status run_train(const TrainArguments& arguments, EventWriter& events, const ProcessGuard& guard) {
  FW_ASSIGN(const auto merged_type, parse_merged_type(arguments.merge_type));
  std::error_code error;
  if (!arguments.merge_into.empty() && std::filesystem::is_directory(arguments.model.model, error))
    return invalid_argument("--merge-into needs a model in GGUF form, and " + arguments.model.model.string() +
                            " is a folder");
  FW_ASSIGN(const auto opened, open_device(arguments.model));
  auto* const device = opened.device.get();
  auto named = arguments.model;
  if (device != nullptr) named.precision = Precision::kBf16;
  FW_ASSIGN(const auto weights, open_model(named));
  FW_ASSIGN(const auto rows, read_all(arguments, weights.config));
  write_started(events, arguments, weights, rows, device);
  const SystemClock clock;
  auto options = arguments.options;
  options.device = device;
  if (!arguments.initial_adapter.empty()) {
    FW_ASSIGN(options.initial_adapter, read_peft_adapter(weights.config, arguments.initial_adapter));
  }
  FW_ASSIGN(auto result,
            train(weights, rows.train.rows, rows.validation.rows, options, events_for(events, guard), clock));
  FW_ASSIGN(const auto paths, write_adapter(result.adapter, weights.config, arguments.model.model.string(),
                                            arguments.options.dropout, arguments.out));
  if (!arguments.merge_into.empty())
    FW_TRY(write_merged_model(arguments.model.model, paths.gguf, arguments.model.keep_layers, merged_type,
                              arguments.merge_into));
  if (!opened.why_processor.empty())
    result.warnings.push_back("trained on the processor, not on a GPU: " + opened.why_processor);
  write_done(events, arguments, rows, result, paths);
  return {};
}

}  // namespace fw::trainer
