#include "dataset/verify.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "dataset/impl/conversation.h"
#include "dataset/impl/icl.h"
#include "dataset/impl/json.h"
#include "dataset/impl/leak_search.h"
#include "dataset/impl/survey.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kRowsBetweenChecks = 64;

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
      search.add_evaluation(note(row, evaluated_));
      examples_.add(last_seen_);
    }));
    for (const auto* side : {&files_.training, &files_.validation}) {
      FW_TRY(each_row(*side, side == &files_.training ? "training" : "validation", deadline_,
                      [&](const Row& row) { search.add_training(note(row, trained_)); }));
    }
    FW_TRY(look_into_examples());
    FW_TRY(survey_.finish(deadline_));
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
    side.push_back({row.name, text.last_user, text.answer, hash_of_words(text.answer)});
    given_.add(side.back().words);
    last_seen_ = text.seen;
    return text;
  }

  /// A row whose words stand in the system message of its in-context row.
  Status look_into_examples() {
    FW_TRY(each_row(files_.in_context, "in-context", deadline_, [&](const Row& row) {
      examples_.compare(texts_.of_exchange(row.request, row.response).system);
      ++out_.in_context;
    }));
    for (const auto& pair : examples_.pairs(threshold_)) out_.leak.eval_rows_near_example += pair.text == pair.other;
    return {};
  }

  void measure_pairs(const LeakSearch& search) {
    Leak& leak = out_.leak;
    leak.near_duplicate_threshold = threshold_;
    auto requests = search.requests();
    auto answers = search.answers();
    const auto own = own_first(answers, [&](std::uint32_t text) { return !given_.is_usual(evaluated_[text].words); });
    leak.eval_rows_own_answer_in_training = texts_in(own);
    show(most_alike(requests, kShownPairs), LeakPair::Kind::kRequest);
    show(most_alike(answers, kShownPairs), LeakPair::Kind::kAnswer);
    std::erase_if(requests, [&](const auto& pair) { return !search.is_near(pair); });
    leak.eval_rows_near_training = texts_in(requests);
    leak.eval_rows_answered_in_training = texts_in(answers);
    std::unordered_set<std::string> said;
    for (const Noted& row : trained_) said.insert(row.last_user);
    for (const Noted& row : evaluated_) leak.eval_rows_said_in_training += said.contains(row.last_user);
  }

  void show(const std::vector<NearDuplicates::Pair>& pairs, LeakPair::Kind kind) {
    const auto text = [&](const Noted& row) {
      return LeakText{row.name, beginning_of(kind == LeakPair::Kind::kRequest ? row.last_user : row.answer)};
    };
    for (const auto& pair : pairs) {
      out_.leak.pairs.push_back({kind, pair.likeness, text(evaluated_[pair.text]), text(trained_[pair.other])});
    }
  }

  /// Conversations, requests and templates that stand on both sides.
  void measure_sides() {
    const auto conversations = group_conversations(survey_.records.size(), survey_.links, survey_.conversation_ids);
    std::map<std::uint64_t, int> of_conversations, of_requests;
    std::set<std::uint64_t> trained;
    const auto is_evaluation = [&](const Surveyed& record) { return survey_.id_of(record)->front() == 'e'; };
    for (std::size_t i = 0; i < survey_.records.size(); ++i) {
      const int side = is_evaluation(survey_.records[i]) ? 1 : 2;
      of_conversations[conversations[i]] |= side;
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
  std::string last_seen_;
  std::vector<Noted> evaluated_;
  std::vector<Noted> trained_;
  GivenAnswers given_;
  // Examples are the same for all rows: nothing of them is a frame.
  NearDuplicates examples_{NearDuplicates::Measure::kHeld, SIZE_MAX};
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
