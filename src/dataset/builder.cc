#include "dataset/builder.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "dataset/impl/chat.h"
#include "dataset/impl/icl.h"
#include "dataset/impl/notes.h"
#include "dataset/impl/rows.h"
#include "dataset/impl/selection.h"
#include "dataset/impl/split.h"
#include "dataset/impl/wording.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

constexpr const char* kEvalFile = "eval_data.jsonl";
constexpr const char* kTrainFile = "training/train_data.jsonl";
constexpr const char* kValidationFile = "validation/val_data.jsonl";

/// Names end up in URLs and paths: other characters than these become `-`.
std::string safe_name(const std::string& workload) {
  std::string name = workload.substr(0, 96);
  for (char& c : name) {
    const bool safe =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!safe) c = '-';
  }
  return name;
}

std::string_view reason_of(Side side) {
  switch (side) {
    case Side::kConversationOfEvaluation: return reasons::kConversationOfEvaluation;
    case Side::kConversationOfValidation: return reasons::kConversationOfValidation;
    case Side::kNewestSurplus: return reasons::kNewestSurplus;
    default: return "";
  }
}

/// Writes the rows of a finished split.
class Assembler {
 public:
  Assembler(const BuildRequest& request, Selected selected, Split split)
      : request_(request), selected_(std::move(selected)), split_(std::move(split)) {}

  Result<BuiltDatasets> run() {
    FW_TRY(count_sides());
    out_.card.leak = measure_leak(selected_.rows, split_.sides);
    write_training();
    write_evaluation();
    finish_card();
    return std::move(out_);
  }

 private:
  Exchange exchange_of(const Row& row) const {
    auto exchange = read_exchange(*row.record, selected_.type, request_.split.parse_function_arguments);
    FW_ASSERT(exchange.has_value());
    return std::move(*exchange);
  }

  template <class Visit>
  void each(Side side, Visit visit) {
    for (std::size_t i = 0; i < selected_.rows.size(); ++i) {
      if (split_.sides[i] == side) visit(selected_.rows[i], exchange_of(selected_.rows[i]));
    }
  }

  Status count_sides() {
    Step step{"split", selected_.rows.size(), 0, {}};
    std::map<std::string, ClassCounts> classes;
    std::uint64_t train = 0;
    std::uint64_t eval = 0;
    for (std::size_t i = 0; i < selected_.rows.size(); ++i) {
      const Side side = split_.sides[i];
      if (const auto reason = reason_of(side); !reason.empty()) {
        ++step.reasons[std::string(reason)];
        continue;
      }
      ++step.out;
      ClassCounts& counts = classes[selected_.rows[i].label];
      counts.eval += side == Side::kEval;
      counts.train += side == Side::kTrain;
      counts.validation += side == Side::kValidation;
      train += side == Side::kTrain;
      eval += side == Side::kEval;
    }
    out_.card.steps = std::move(selected_.steps);
    out_.card.steps.push_back(std::move(step));
    if (train == 0 && eval < selected_.rows.size()) return no_training_rows();
    for (auto& [label, counts] : classes) {
      counts.label = label;
      out_.card.classes.push_back(std::move(counts));
    }
    return {};
  }

  Error no_training_rows() const {
    return failed_precondition("workload \"" + *request_.workload +
                               "\" has no rows left for training: what evaluation leaves belongs to the same "
                               "conversations or to the newest part; lower data_split_config.eval_size or "
                               "newest_holdout: " +
                               describe(out_.card.steps));
  }

  void write_training() {
    std::string train;
    std::string validation;
    each(Side::kTrain, [&](const Row& row, const Exchange& exchange) {
      append_row(training_row(exchange, selected_.type), kTrainFile, row, out_.lineage.train, train);
      examples_.push_back(example_of(exchange, row.label));
      const std::string said = last_user_text(exchange.request);
      wordings_.insert(wording_of(said, exchange.answer));
      said_.insert(said);
    });
    each(Side::kValidation, [&](const Row& row, const Exchange& exchange) {
      append_row(training_row(exchange, selected_.type), kValidationFile, row, out_.lineage.validation, validation);
    });
    out_.train.name = name_of("train");
    out_.train.num_records = out_.lineage.train.size() + out_.lineage.validation.size();
    out_.train.files = {{kTrainFile, std::move(train)},
                        {kValidationFile, std::move(validation)},
                        {"lineage.jsonl", std::move(lineage_file_)}};
  }

  void append_row(const Json& row, const char* file, const Row& from, std::vector<record::RecordId>& lineage,
                  std::string& content) {
    Json line;
    line["file"] = file;
    line["row"] = lineage.size();
    line["record_id"] = *from.record->id;
    lineage_file_ += to_line(line) + '\n';
    lineage.push_back(from.record->id);
    content += to_line(row) + '\n';
  }

  void write_evaluation() {
    figures_.example_rows = examples_.size();
    const std::vector<Example> examples = choose_examples(std::move(examples_), request_.icl.max_examples);
    std::string eval;
    std::string icl;
    each(Side::kEval, [&](const Row& row, const Exchange& exchange) {
      const std::string said = last_user_text(exchange.request);
      RowFacts facts{.id = row.record->id,
                     .traits = {.label = row.label, .conversation = *row.record->id, .is_newest = row.is_newest},
                     .timestamp = to_epoch_seconds(row.record->timestamp)};
      facts.traits.template_in_training = wordings_.contains(wording_of(said, exchange.answer));
      figures_.novel_wordings += !facts.traits.template_in_training;
      out_.card.leak.eval_rows_said_in_training += said_.contains(said);
      Json line = evaluation_row(exchange, facts);
      eval += to_line(line) + '\n';
      figures_.rows_short_of_examples += add_examples(line, examples, request_.icl) < request_.icl.min_examples;
      icl += to_line(line) + '\n';
      out_.lineage.eval.push_back(row.record->id);
    });
    out_.eval = {name_of("eval"), {{kEvalFile, std::move(eval)}}, out_.lineage.eval.size()};
    out_.icl = {name_of("icl"), {{kEvalFile, std::move(icl)}}, out_.lineage.eval.size()};
  }

  void finish_card() {
    out_.card.type = selected_.type;
    out_.card.seed = request_.seed;
    out_.card.notes = write_notes(request_, selected_, split_, out_.card.leak, figures_);
  }

  std::string name_of(const std::string& kind) const {
    return "flywheel-" + kind + '-' + safe_name(*request_.workload) + '-' +
           std::to_string(to_epoch_seconds(request_.now));
  }

  const BuildRequest& request_;
  Selected selected_;
  Split split_;
  BuiltDatasets out_;
  RowFigures figures_;
  std::string lineage_file_;
  std::vector<Example> examples_;
  std::unordered_set<std::string> wordings_;
  std::unordered_set<std::string> said_;
};

}  // namespace

Result<BuiltDatasets> build(const BuildRequest& request) {
  FW_TRY(check_settings(request.split));
  FW_ASSIGN(Selected selected, select_rows(request));
  std::vector<SplitRow> rows;
  for (const Row& row : selected.rows) rows.push_back({row.label, row.conversation, row.is_newest});
  FW_ASSIGN(Split split, split_rows(rows, request.split, request.seed));
  return Assembler(request, std::move(selected), std::move(split)).run();
}

}  // namespace fw::dataset
