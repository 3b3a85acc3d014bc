#include "dataset/verify.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "dataset/impl/conversation.h"
#include "dataset/impl/icl.h"
#include "dataset/impl/json.h"
#include "dataset/impl/leak_search.h"
#include "dataset/impl/survey.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kRowsBetweenChecks = 64;
constexpr std::size_t kFewestOfExample = 5;  // runs

/// A row as an exchange, in the words of a captured one.
struct Row {
  std::string name;  ///< record id, or file and line
  std::string request;
  std::string response;
};

Json with_answer(const Json& message) { return Json{{"choices", Json::array({Json{{"message", message}}})}}; }

std::optional<Row> row_of(const Json& line, std::string place) {
  Row row;
  row.name = string_member(line, "record_id");
  if (row.name.empty()) row.name = std::move(place);
  if (const Json* request = member(line, "request")) {
    row.request = to_line(*request);
    const Json* response = member(line, "response");
    row.response = response == nullptr ? "{}" : to_line(*response);
    return row;
  }
  const Json* messages = member(line, "messages");
  if (messages == nullptr || !messages->is_array() || messages->empty()) return std::nullopt;
  Json request{{"messages", *messages}};
  request["messages"].erase(messages->size() - 1);
  if (const Json* tools = member(line, "tools")) request["tools"] = *tools;
  row.request = to_line(request);
  row.response = to_line(with_answer(messages->back()));
  return row;
}

/// Calls `visit` with every row of a file.
template <class Visit>
Status each_row(const std::string& content, const std::string& file, const Deadline& deadline, Visit visit) {
  std::size_t number = 0;
  for (std::size_t at = 0; at < content.size(); ++number) {
    if (number % kRowsBetweenChecks == 0) FW_TRY(deadline.check("read dataset rows"));
    const std::size_t end = std::min(content.find('\n', at), content.size());
    const std::string_view line = std::string_view(content).substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string place = file + ':' + std::to_string(number + 1);
    const auto json = parse_json(line);
    const auto row = json ? row_of(*json, place) : std::nullopt;
    if (!row) return invalid_argument(place + ": is no row of a dataset (a JSON object with messages, or a request)");
    visit(*row);
  }
  return {};
}

class Verifier {
 public:
  Verifier(const RowFiles& files, double threshold, const Deadline& deadline)
      : files_(files), threshold_(threshold), deadline_(deadline) {}

  Result<VerifiedRows> run() {
    const std::size_t rows = static_cast<std::size_t>(std::ranges::count(files_.evaluation, '\n') +
                                                      std::ranges::count(files_.training, '\n') +
                                                      std::ranges::count(files_.validation, '\n'));
    LeakSearch search(threshold_, rows);
    FW_TRY(each_row(files_.evaluation, "evaluation", deadline_, [&](const Row& row) {
      RowText text = note(row, evaluated_);
      RowWords words = search.words_of_evaluation(text);
      evaluated_.back().read(words);
      evaluated_runs_.push_back(words.turns.runs);
      search.add_evaluation(std::move(words));
      evaluated_systems_.push_back(std::move(text.system));
    }));
    for (const auto* side : {&files_.training, &files_.validation}) {
      FW_TRY(each_row(*side, side == &files_.training ? "training" : "validation", deadline_, [&](const Row& row) {
        RowWords words = search.words_of_training(note(row, trained_));
        trained_.back().read(words);
        search.add_training(std::move(words));
      }));
    }
    search.finish();
    FW_TRY(look_into_examples());
    FW_TRY(survey_.finish(deadline_));
    conversations_ = group_conversations(survey_.records.size(), survey_.links, survey_.conversation_ids);
    out_.evaluation = evaluated_.size();
    out_.training = trained_.size();
    out_.unclear = evaluated_.size() + trained_.size() - survey_.records.size();
    measure_pairs(search);
    measure_sides();
    return std::move(out_);
  }

 private:
  struct Noted {
    std::string name;
    std::string last_user;
    std::string answer;
    std::uint64_t words = 0;  ///< of the answer
    std::uint64_t turns = 0;

    void read(const RowWords& of) {
      words = of.answer;
      turns = of.turns.all;
    }
  };

  RowText note(const Row& row, std::vector<Noted>& side) {
    const bool is_evaluation = &side == &evaluated_;
    const record::Interaction record{.id = record::RecordId((is_evaluation ? "e" : "t") + std::to_string(side.size())),
                                     .workload = record::WorkloadId("verified"),
                                     .client = record::ClientId("verified"),
                                     .timestamp = from_epoch_seconds(number_++),
                                     .request = row.request,
                                     .response = row.response};
    survey_.add(std::span(&record, 1));
    RowText text = texts_.of_exchange(row.request, row.response);
    side.push_back({row.name, text.last_user, text.answer});
    return text;
  }

  /// A row whose words stand in the system message of its in-context row, before its own.
  Status look_into_examples() {
    FW_TRY(each_row(files_.in_context, "in-context", deadline_, [&](const Row& row) {
      const std::uint64_t number = out_.in_context++;
      if (number >= evaluated_.size() || evaluated_runs_[number].size() < kFewestOfExample) return;
      std::string shown = texts_.of_exchange(row.request, row.response).system;
      if (shown.ends_with(evaluated_systems_[number])) shown.resize(shown.size() - evaluated_systems_[number].size());
      const auto runs = turns_words(shown).runs;
      const auto held = std::ranges::count_if(evaluated_runs_[number],
                                              [&](std::uint64_t run) { return std::ranges::binary_search(runs, run); });
      const auto all = static_cast<double>(evaluated_runs_[number].size());
      out_.leak.eval_rows_near_example += static_cast<double>(held) >= threshold_ * all;
    }));
    return {};
  }

  /// Rows by when they were read; one that is unclear is a conversation by itself.
  [[nodiscard]] GivenAnswers given_answers() const {
    std::unordered_map<std::string, std::uint64_t> conversations;
    for (std::size_t i = 0; i < survey_.records.size(); ++i) {
      conversations.emplace(*survey_.id_of(survey_.records[i]), conversations_[i]);
    }
    GivenAnswers given;
    std::uint64_t unclear = survey_.records.size();
    for (const auto* side : {&evaluated_, &trained_}) {
      for (std::size_t i = 0; i < side->size(); ++i) {
        const auto found = conversations.find((side == &evaluated_ ? "e" : "t") + std::to_string(i));
        const Noted& row = (*side)[i];
        given.add(row.words, found == conversations.end() ? unclear++ : found->second, row.turns);
      }
    }
    return given;
  }

  void measure_pairs(const LeakSearch& search) {
    const GivenAnswers given = given_answers();
    const auto text = [](const Noted& row, LeakPair::Kind kind) {
      return LeakText{row.name, beginning_of(shown_text(kind, row.last_user, row.answer))};
    };
    const auto is_own = [&](std::uint32_t row) { return !given.is_usual(evaluated_[row].words); };
    for (const auto& [kind, pair] : FoundLeaks::of(search).measure(threshold_, is_own, out_.leak)) {
      out_.leak.pairs.push_back(
          {kind, pair.likeness, text(evaluated_[pair.text], kind), text(trained_[pair.other], kind)});
    }
    std::unordered_set<std::string> said;
    for (const Noted& row : trained_) said.insert(row.last_user);
    for (const Noted& row : evaluated_) out_.leak.eval_rows_said_in_training += said.contains(row.last_user);
  }

  /// Conversations, requests and templates that stand on both sides.
  void measure_sides() {
    std::map<std::uint64_t, int> of_conversations, of_requests;
    std::set<std::uint64_t> trained;
    const auto is_evaluation = [&](const Surveyed& record) { return survey_.id_of(record)->front() == 'e'; };
    for (std::size_t i = 0; i < survey_.records.size(); ++i) {
      const int side = is_evaluation(survey_.records[i]) ? 1 : 2;
      of_conversations[conversations_[i]] |= side;
      of_requests[survey_.records[i].request] |= side;
      if (side == 2) trained.insert(survey_.templates.of(survey_.records[i].last));
    }
    const auto on_both = [](const std::map<std::uint64_t, int>& sides) {
      return static_cast<std::uint64_t>(std::ranges::count(sides, 3, [](const auto& entry) { return entry.second; }));
    };
    out_.leak.conversations_on_two_sides = on_both(of_conversations);
    out_.leak.requests_on_two_sides = on_both(of_requests);
    for (const Surveyed& record : survey_.records) {
      const bool is_seen = is_evaluation(record) && trained.contains(survey_.templates.of(record.last));
      out_.leak.eval_rows_template_in_training += is_seen;
    }
  }

  const RowFiles& files_;
  double threshold_;
  const Deadline& deadline_;
  Survey survey_{true};
  RowTexts texts_;
  std::int64_t number_ = 0;
  std::vector<Noted> evaluated_;
  std::vector<Noted> trained_;
  std::vector<std::string> evaluated_systems_;
  std::vector<std::vector<std::uint64_t>> evaluated_runs_;  // of the turns
  std::vector<std::uint32_t> conversations_;                // by record of the survey
  VerifiedRows out_;
};

}  // namespace

Result<VerifiedRows> verify_rows(const RowFiles& files, double near_duplicate_threshold, const Deadline& deadline) {
  if (!(near_duplicate_threshold > 0 && near_duplicate_threshold <= 1)) {
    return invalid_argument("the threshold of near-duplicates is not in (0, 1]");
  }
  return Verifier(files, near_duplicate_threshold, deadline).run();
}

bool has_examples(std::string_view rows) { return rows.find(kExamplesHeading) != rows.npos; }

}  // namespace fw::dataset
