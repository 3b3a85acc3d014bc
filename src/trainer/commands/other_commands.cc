#include <nlohmann/json.hpp>

#include "trainer/commands/commands.h"
#include "trainer/loop/validation.h"

namespace fw::trainer {
namespace {

std::vector<const TrainingRow*> pointers(const std::vector<TrainingRow>& rows) {
  std::vector<const TrainingRow*> out;
  for (const auto& row : rows) out.push_back(&row);
  return out;
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

Status run_processor(EventWriter& events) {
  events.write({{"event", "processor"}, {"threads", default_threads()}, {"precision", to_string(fastest_precision())}});
  return {};
}

}  // namespace fw::trainer
