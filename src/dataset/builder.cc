#include "dataset/builder.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <type_traits>
#include <unordered_set>

#include "async/parallel_for.h"
#include "base/hash.h"
#include "dataset/impl/chat.h"
#include "dataset/impl/corrected.h"
#include "dataset/impl/held_rows.h"
#include "dataset/impl/icl.h"
#include "dataset/impl/leak_finder.h"
#include "dataset/impl/mix.h"
#include "dataset/impl/notes.h"
#include "dataset/impl/rows.h"
#include "dataset/impl/selection.h"
#include "dataset/impl/similar_examples.h"
#include "dataset/impl/split.h"
#include "dataset/impl/suspects.h"
#include "dataset/impl/tokens.h"
#include "dataset/impl/weights.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

constexpr const char* kEvalFile = "eval_data.jsonl";
constexpr const char* kTrainFile = "training/train_data.jsonl";
constexpr const char* kValidationFile = "validation/val_data.jsonl";
constexpr std::uint64_t kRowsBetweenChecks = 64;

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

record::Interaction answered(record::Interaction record, const std::string& response) {
  record.response = response;
  return record;
}

std::unique_ptr<Relevance> relevance_of(const BuildRequest& request) {
  return request.icl.embedding ? embedded_relevance(request.embed) : lexical_relevance();
}

struct TrainingRow {
  std::string line;
  std::string said;  // the last user message
  Example example;
};

struct EvaluationRow {
  std::string line;
  std::string said;
  std::uint64_t tokens = 0;
  bool template_in_training = false;
  bool is_rewritten = false;
};

/// Writes the rows of a finished split.
class Assembler {
 public:
  Assembler(const BuildRequest& request, const Survey& survey, const Corrected& corrected, const HeldRows& held,
            const Selected& selected, Split split, LeakFinder& leaks, SuspiciousCounts suspicious, LikeRequests like)
      : request_(request),
        survey_(survey),
        corrected_(corrected),
        held_(held),
        selected_(selected),
        split_(std::move(split)),
        leaks_(leaks),
        weights_(held.is_given() ? held_weights() : evaluation_weights(selected_, survey_, split_)),
        examples_(request.icl.max_examples) {
    out_.card.suspicious = std::move(suspicious);
    out_.card.like_requests = std::move(like);
    if (request.icl.selection == ExampleSelection::kSimilar) similar_.emplace(request.icl, relevance_of(request));
  }

  Result<BuiltDatasets> run() {
    FW_TRY(count_sides());
    out_.card.leak = measure_leak(selected_, survey_, split_.sides);
    out_.card.mix = measure_mix(selected_, survey_, split_, weights_);
    FW_TRY(write_training());
    FW_TRY(write_evaluation());
    finish_card();
    FW_TRY(refuse_leaks());
    out_.span = selected_.span;
    return std::move(out_);
  }

 private:
  Result<Exchange> exchange_of(const Row& row, const record::Interaction& record, const std::string* corrected) const {
    FW_TRY(request_.deadline.check("write dataset rows"));
    const bool parses = request_.split.parse_function_arguments;
    auto exchange =
        corrected == nullptr ? read_exchange(record, parses) : read_exchange(answered(record, *corrected), parses);
    if (exchange && record.timestamp == survey_.records[row.record].time) return std::move(*exchange);
    return unavailable("record " + *record.id + " changed while the datasets were made; start the run again");
  }

  /// `make` makes something of every row of a side, on all cores; `take` gets it in the rows' order.
  template <class Make, class Take>
  Status each(Side side, Make make, Take take) {
    using Made = std::invoke_result_t<Make, std::size_t, const record::RecordId&, const Exchange&>;
    std::vector<std::size_t> places;
    std::vector<record::RecordId> ids;
    for (std::size_t i = 0; i < selected_.rows.size(); ++i) {
      if (split_.sides[i] != side) continue;
      places.push_back(i);
      ids.push_back(survey_.id_of(survey_.records[selected_.rows[i].record]));
    }
    std::size_t next = 0;
    return request_.records.read(ids, [&](std::span<const record::Interaction> page) -> Status {
      std::vector<Result<Made>> made(page.size(), Made());
      parallel_for(page.size(), [&](std::size_t, std::size_t k) {
        const std::size_t i = places[next + k];
        const auto exchange = exchange_of(selected_.rows[i], page[k], correction_of(i));
        made[k] = exchange.ok() ? Result<Made>(make(i, page[k].id, *exchange)) : exchange.error();
      });
      for (std::size_t k = 0; k < page.size(); ++k) {
        FW_TRY(made[k]);
        take(places[next + k], page[k].id, std::move(*made[k]));
      }
      next += page.size();
      rows_written_ += page.size();
      if (request_.on_progress) {
        request_.on_progress({survey_.validate.in, rows_written_, out_.card.steps.back().out});
      }
      return {};
    });
  }

  /// Evaluation rows keep production's answer: it is what candidates are measured against.
  const std::string* correction_of(std::size_t i) const {
    const bool is_taught = split_.sides[i] == Side::kTrain || split_.sides[i] == Side::kValidation;
    return is_taught ? corrected_.response_of(survey_.records[selected_.rows[i].record].request) : nullptr;
  }

  std::string label_of(const Row& row) const {
    const bool has_classes = selected_.type == modelops::WorkloadType::kToolCalling;
    return has_classes ? survey_.labels[survey_.records[row.record].label] : "";
  }

  Status count_sides() {
    Step step = split_step(selected_, split_);
    std::uint64_t train = 0;
    std::uint64_t eval = 0;
    std::map<std::string, ClassCounts> classes;
    for (std::size_t i = 0; i < selected_.rows.size(); ++i) {
      const Side side = split_.sides[i];
      if (side != Side::kEval && side != Side::kTrain && side != Side::kValidation) continue;
      ClassCounts& counts = classes[label_of(selected_.rows[i])];
      counts.eval += side == Side::kEval;
      counts.train += side == Side::kTrain;
      counts.validation += side == Side::kValidation;
      train += side == Side::kTrain;
      eval += side == Side::kEval;
    }
    out_.card.steps = selected_.steps;
    out_.card.steps.push_back(std::move(step));
    if (train == 0 && eval < selected_.rows.size()) return no_training_rows();
    for (auto& [label, counts] : classes) {
      counts.label = label;
      out_.card.classes.push_back(std::move(counts));
    }
    return {};
  }

  /// Rows of the largest conversation.
  std::uint64_t largest_conversation() const {
    std::unordered_map<std::uint32_t, std::uint64_t> rows;
    std::uint64_t most = 0;
    for (const Row& row : selected_.rows) most = std::max(most, ++rows[row.conversation]);
    return most;
  }

  /// Times that are far from all others make these the newest part, or the oldest.
  std::string far_clocks() const {
    if (request_.split.newest_holdout <= 0 || selected_.apart == 0) return "";
    return ", or mend the clocks: " + std::to_string(selected_.apart) + " of " +
           std::to_string(survey_.records.size()) + " records bear times far from all others' (" +
           to_iso8601(selected_.apart_between->first) + " to " + to_iso8601(selected_.apart_between->second) + ')';
  }

  Error no_training_rows() const {
    if (const auto rows = largest_conversation(); 2 * rows > selected_.rows.size()) {
      return failed_precondition("workload \"" + *request_.workload +
                                 "\" has no rows left for training: one conversation has " + std::to_string(rows) +
                                 " of its " + std::to_string(selected_.rows.size()) +
                                 " requests, and a conversation is never on two sides; does every record bear the same "
                                 "conversation_id? " +
                                 describe(out_.card.steps));
    }
    const auto& left_out = out_.card.steps.back().reasons;
    const auto near = left_out.find(std::string(reasons::kNearEvaluation));
    if (near != left_out.end() && 2 * near->second > selected_.rows.size()) {
      return failed_precondition(
          "workload \"" + *request_.workload + "\" has no rows left for training: " + std::to_string(near->second) +
          " ask what an evaluation row asks, but for dates and the like; collect traffic with more "
          "different questions, lower data_split_config.eval_size, or set "
          "keep_near_duplicates_apart to false and raise max_leaked_share: " +
          describe(out_.card.steps));
    }
    const std::string clocks = far_clocks();
    return failed_precondition("workload \"" + *request_.workload +
                               "\" has no rows left for training: what evaluation leaves belongs to the same "
                               "conversations or to the newest part; " +
                               (held_.is_given()
                                    ? "collect more traffic, name a smaller set "
                                      "(data_split_config.holdout_job), or lower newest_holdout: "
                                    : "lower data_split_config.eval_size or newest_holdout" + clocks + ": ") +
                               describe(out_.card.steps));
  }

  Status write_training() {
    std::string train;
    std::string validation;
    const auto make_row = [](std::size_t, const record::RecordId&, const Exchange& exchange) {
      return to_line(training_row(exchange));
    };
    FW_TRY(each(
        Side::kTrain,
        [&](std::size_t i, const record::RecordId& id, const Exchange& exchange) {
          TrainingRow row{make_row(i, id, exchange), last_user_text(exchange.request), {}};
          if (request_.icl.max_examples > 0) row.example = example_of(exchange, label_of(selected_.rows[i]));
          row.example.row = i;
          return row;
        },
        [&](std::size_t i, const record::RecordId& id, TrainingRow row) {
          append_row(i, row.line, kTrainFile, id, out_.lineage.train, train);
          said_.insert(hash64(row.said));
          trained_templates_.insert(selected_.rows[i].template_hash);
          if (request_.icl.max_examples > 0) add_example(i, std::move(row.example), row.said);
        }));
    FW_TRY(each(Side::kValidation, make_row, [&](std::size_t i, const record::RecordId& id, const std::string& row) {
      append_row(i, row, kValidationFile, id, out_.lineage.validation, validation);
    }));
    out_.train.name = name_of("train");
    out_.train.num_records = out_.lineage.train.size() + out_.lineage.validation.size();
    out_.train.files = {{kTrainFile, std::move(train)},
                        {kValidationFile, std::move(validation)},
                        {"lineage.jsonl", std::move(lineage_file_)}};
    return {};
  }

  void append_row(std::size_t i, const std::string& row, const char* file, const record::RecordId& id,
                  std::vector<record::RecordId>& lineage, std::string& content) {
    Json line;
    line["file"] = file;
    line["row"] = lineage.size();
    line["record_id"] = *id;
    if (correction_of(i) != nullptr) line["corrected"] = true;
    lineage_file_ += to_line(line) + '\n';
    lineage.push_back(id);
    content += row + '\n';
  }

  /// As the set was drawn: another run's figures on it stay comparable.
  std::vector<double> held_weights() const {
    std::vector<double> weights(selected_.rows.size(), 0);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (const auto place = selected_.rows[i].held) weights[i] = held_.at(*place).traits.weight;
    }
    return weights;
  }

  /// What a row of the hold-out set says of the traffic is what it said when it was drawn; what it says of training is
  /// of this run's. It is never of the newest part, of which the set knows nothing but what came before it was drawn.
  modelops::RowTraits traits_of(std::size_t i) const {
    const Row& row = selected_.rows[i];
    const Surveyed& record = survey_.records[row.record];
    if (row.held) {
      modelops::RowTraits traits = held_.at(*row.held).traits;
      traits.label = label_of(row);
      traits.kind = record.calls_tool ? modelops::AnswerKind::kToolCalls : modelops::AnswerKind::kText;
      traits.template_in_training = trained_templates_.contains(row.template_hash);
      traits.is_newest = false;
      return traits;
    }
    return {.label = label_of(row),
            .kind = record.calls_tool ? modelops::AnswerKind::kToolCalls : modelops::AnswerKind::kText,
            .conversation = *survey_.id_of(survey_.records[selected_.first_of[row.conversation]]),
            .turn = row.turn,
            .conversation_turns = row.conversation_turns,
            .template_in_training = trained_templates_.contains(row.template_hash),
            .is_newest = split_.in_newest[i],
            .weight = weights_[i],
            .repeats = row.repeats,
            .repeats_agreeing = row.repeats_agreeing,
            .is_frequent = split_.is_frequent[i]};
  }

  void add_example(std::size_t i, Example example, const std::string& said) {
    if (similar_) {
      similar_->add(std::move(example), said);
    } else if (!leaks_.gives_any_away(i)) {
      examples_.add(std::move(example));
    }
  }

  Status write_evaluation() {
    std::string eval;
    std::vector<std::string> said;
    FW_TRY(each(
        Side::kEval,
        [&](std::size_t i, const record::RecordId& id, const Exchange& exchange) {
          const RowFacts facts{id, traits_of(i), to_epoch_seconds(survey_.records[selected_.rows[i].record].time)};
          const Json row = evaluation_row(exchange, facts);
          const auto held = selected_.rows[i].held;
          return EvaluationRow{to_line(row), last_user_text(exchange.request), tokens_of(row),
                               facts.traits.template_in_training, held && held_.at(*held).content != content_of(row)};
        },
        [&](std::size_t, const record::RecordId& id, EvaluationRow row) {
          eval += row.line + '\n';
          out_.card.leak.eval_rows_said_in_training += said_.contains(hash64(row.said));
          out_.card.leak.eval_rows_template_in_training += row.template_in_training;
          rewritten_ += row.is_rewritten;
          said.push_back(std::move(row.said));
          if (!request_.contexts.empty()) figures_.request_tokens.push_back(row.tokens);
          out_.lineage.eval.push_back(id);
        }));
    FW_ASSIGN(std::string icl, with_examples(eval, said));
    FW_TRY(leaks_.measure(split_.sides, shown_, out_.card.leak));
    FW_TRY(leaks_.count_clusters(split_.sides, out_.card.near_duplicates));
    out_.eval = {name_of("eval"), {{kEvalFile, std::move(eval)}}, out_.lineage.eval.size()};
    out_.icl = {name_of("icl"), {{kEvalFile, std::move(icl)}}, out_.lineage.eval.size()};
    return {};
  }

  /// The rows of the evaluation, which say `said` at last, with examples in front.
  Result<std::string> with_examples(const std::string& eval, const std::vector<std::string>& said) {
    std::vector<std::vector<const Example*>> similar;
    if (similar_) {
      FW_TRY(similar_->finish());
      FW_ASSIGN(similar, similar_->choose(
                             said, [&](std::size_t k, const Example& one) { return !leaks_.gives_away(k, one.row); }));
      figures_.cut_texts = similar_->cut_texts();
    }
    const std::vector<Example> uniform = examples_.choose();
    std::vector<const Example*> for_all;
    for (const Example& example : uniform) for_all.push_back(&example);
    std::string icl;
    std::istringstream rows(eval);
    std::string row;
    for (std::size_t i = 0; std::getline(rows, row); ++i) {
      if (i % kRowsBetweenChecks == 0) FW_TRY(request_.deadline.check("choose examples"));
      Json line = Json::parse(row);
      const auto& examples = similar_ ? similar[i] : for_all;
      const std::size_t added = add_examples(line, examples, request_.icl);
      figures_.rows_short_of_examples += added < request_.icl.min_examples;
      out_.rows_with_examples += added > 0;
      shown_.emplace_back();
      for (const Example* example : examples) shown_.back().push_back(example->row);
      if (!request_.contexts.empty()) figures_.request_tokens_with_examples.push_back(tokens_of(line));
      icl += to_line(line) + '\n';
    }
    return icl;
  }

  /// Of a row's request, where there are candidates whose contexts it is compared with.
  std::uint64_t tokens_of(const Json& row) const {
    return request_.contexts.empty() ? 0 : estimate_tokens(to_line(row.at("request")));
  }

  void finish_card() {
    Card& card = out_.card;
    card.type = selected_.type;
    card.seed = request_.seed;
    card.self_agreement = selected_.self_agreement;
    card.corrections = corrected_.counts();
    card.holdout = held_.counts(selected_, survey_);
    if (card.holdout) card.holdout->rewritten = rewritten_;
    card.templates = count_templates(selected_, split_);
    card.templates.rows_seen = card.leak.eval_rows_template_in_training;
    card.templates.rows_unseen = out_.lineage.eval.size() - card.templates.rows_seen;
    figures_.example_rows = out_.lineage.train.size();
    card.notes = write_notes(request_, selected_, split_, card, figures_);
    out_.warnings = too_long_for(request_.contexts, figures_);
    if (card.holdout) warn_of_changes(*card.holdout, out_.warnings);
    warn_of_noise(card.like_requests, out_.warnings);
    card.not_read = request_.not_read;
    warn_of_not_read(card.not_read, out_.warnings);
    std::ranges::copy(out_.warnings, std::back_inserter(card.notes));
  }

  Status refuse_leaks() {
    auto allowed = check_leak(out_.card.leak, out_.lineage.eval.size(), request_.split);
    if (!allowed.ok() && request_.on_refused) {
      out_.card.refused = allowed.error().message;
      out_.card.notes.insert(out_.card.notes.begin(),
                             "These datasets were refused, and are not kept: " + out_.card.refused + '.');
      request_.on_refused(out_.card);
    }
    return allowed;
  }

  std::string name_of(const std::string& kind) const {
    return "flywheel-" + kind + '-' + safe_name(*request_.workload) + '-' +
           std::to_string(to_epoch_seconds(request_.now));
  }

  const BuildRequest& request_;
  const Survey& survey_;
  const Corrected& corrected_;
  const HeldRows& held_;
  const Selected& selected_;
  const Split split_;
  LeakFinder& leaks_;
  const std::vector<double> weights_;  // by row
  BuiltDatasets out_;
  RowFigures figures_;
  std::uint64_t rows_written_ = 0;
  std::uint64_t rewritten_ = 0;
  std::string lineage_file_;
  ExampleChooser examples_;
  std::optional<SimilarExamples> similar_;       // where examples are chosen so
  std::vector<std::vector<std::size_t>> shown_;  // by evaluation row: the training rows that are its examples
  // Of the training rows' last user messages: hashes, templates.
  std::unordered_set<std::uint64_t> said_;
  std::unordered_set<std::uint64_t> trained_templates_;
};

Status survey_window(const BuildRequest& request, Survey& survey, Corrected& corrected, HeldRows& held) {
  return request.records.scan([&](std::span<const record::Interaction> page) -> Status {
    FW_TRY(request.deadline.check("read records"));
    survey.add(page);
    for (const record::Interaction& record : page) {
      corrected.see(record);
      held.see(record);
    }
    if (request.on_progress) request.on_progress({survey.validate.in, 0, 0});
    return {};
  });
}

/// Those of training that are left out; `counts` gets all. What people have corrected is not what production answered.
Result<std::vector<std::size_t>> suspicious_rows(const BuildRequest& request, const Survey& survey,
                                                 const Selected& selected, const Corrected& corrected,
                                                 const LeakFinder& leaks, const SuspectFinder& suspects,
                                                 SuspiciousCounts& counts, LikeRequests& like) {
  counts.left_out = request.split.suspicious_answers == SuspiciousAnswers::kDrop;
  counts.training_rows = leaks.training().size();
  counts.evaluation_rows = leaks.evaluated().size();
  std::vector<std::size_t> left_out;
  std::map<std::string_view, SuspiciousCounts::Reason> reasons;
  // Both sides at once: what is usual is found out once.
  std::vector<std::size_t> rows(leaks.training().begin(), leaks.training().end());
  rows.insert(rows.end(), leaks.evaluated().begin(), leaks.evaluated().end());
  std::vector<bool> is_evaluated(selected.rows.size(), false);
  for (const std::size_t row : leaks.evaluated()) is_evaluated[row] = true;
  FW_ASSIGN(const auto found, suspects.find(leaks.training(), rows, request.deadline));
  like = found.like;
  for (const auto& suspect : found.suspects) {
    const Surveyed& record = survey.records[selected.rows[suspect.row].record];
    const bool is_training = !is_evaluated[suspect.row];
    if (is_training && corrected.response_of(record.request) != nullptr) continue;
    if (is_training && counts.left_out) left_out.push_back(suspect.row);
    auto& reason = reasons[suspect.why];
    ++(is_training ? reason.training : reason.evaluation);
    if (reason.examples.size() < kShownSuspects) reason.examples.push_back({*survey.id_of(record), suspect.detail});
  }
  for (auto& [why, reason] : reasons) {
    reason.why = why;
    counts.reasons.push_back(std::move(reason));
  }
  return left_out;
}

}  // namespace

Result<BuiltDatasets> build(const BuildRequest& request) {
  FW_TRY(check_settings(request.split));
  Survey survey(request.split.parse_function_arguments);
  Corrected corrected(request.corrections, request.split.parse_function_arguments);
  HeldRows held(request.holdout);
  FW_TRY(survey_window(request, survey, corrected, held));
  FW_TRY(request.deadline.check("order records"));
  FW_TRY(survey.finish(request.deadline));
  held.match(survey);
  const auto is_corrected = [&](std::uint64_t one) { return corrected.response_of(one) != nullptr; };
  FW_ASSIGN(const Selected selected, select_rows(request, survey, held, is_corrected));
  if (const auto counts = held.counts(selected, survey)) FW_TRY(check_holdout(*counts, request.split));
  std::vector<SplitRow> rows;
  rows.reserve(selected.rows.size());
  for (const Row& row : selected.rows) {
    rows.push_back({survey.records[row.record].label, row.conversation, row.unit, row.is_newest, row.repeats,
                    row.held.has_value(), row.held && held.at(*row.held).traits.template_in_training, row.is_added});
  }
  FW_TRY(request.deadline.check("split rows"));
  LeakFinder leaks(request, survey, selected.rows);
  SuspiciousCounts suspicious;
  LikeRequests like;
  const auto others = [&](std::span<const Side> sides) -> Result<std::vector<LeftOut>> {
    SuspectFinder suspects(selected.rows.size());
    FW_ASSIGN(const auto near, leaks.find(sides, suspects));
    for (std::size_t i = 0; i < selected.rows.size(); ++i) {
      if (const std::string* words = survey.denial_of(selected.rows[i].record)) suspects.deny(i, *words);
    }
    std::vector<LeftOut> found;
    for (const auto& group : leaks.near_groups()) suspects.group(group);
    FW_ASSIGN(const auto wrong,
              suspicious_rows(request, survey, selected, corrected, leaks, suspects, suspicious, like));
    for (const std::size_t row : wrong) found.push_back({row, Side::kSuspicious});
    if (request.split.keep_near_duplicates_apart) {
      for (const std::size_t row : near) found.push_back({row, Side::kNearEvaluation});
    }
    return found;
  };
  FW_ASSIGN(Split split, split_rows(rows, request.split, request.seed, others));
  // A frequent request is asked in the newest part as before it.
  for (std::size_t i = 0; i < selected.rows.size(); ++i) {
    if (split.is_frequent[i] && selected.rows[i].is_asked_in_newest) split.in_newest[i] = true;
  }
  corrected.settle(selected, survey, split);
  return Assembler(request, survey, corrected, held, selected, std::move(split), leaks, std::move(suspicious),
                   std::move(like))
      .run();
}

}  // namespace fw::dataset
