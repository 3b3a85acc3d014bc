#include "dataset/impl/leak_search.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "base/hash.h"
#include "codec/utf8.h"
#include "dataset/impl/comparison_words.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kShownBytes = 400;
constexpr std::uint32_t kFewestOfAnswer = 5;   // runs
constexpr std::uint32_t kFewestOfRequest = 8;  // a short question stands in many a text
constexpr std::size_t kWordsOfValue = 3;
constexpr double kAsLong = 0.8;

using Pair = NearDuplicates::Pair;

bool is_before(const Pair& a, const Pair& b) { return std::tie(a.other, a.text) < std::tie(b.other, b.text); }

std::vector<std::uint64_t> both(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::vector<std::uint64_t> all;
  all.reserve(a.size() + b.size());
  std::ranges::set_union(a, b, std::back_inserter(all));
  return all;
}

std::vector<std::uint64_t> runs_of_values(const std::vector<std::string>& values) {
  std::vector<std::uint64_t> runs;
  for (const std::string& value : values) {
    const auto words = comparison_words(value).words;
    if (words.size() < kWordsOfValue) continue;
    const auto some = runs_of(words);
    runs.insert(runs.end(), some.begin(), some.end());
  }
  sort_once(runs);
  return runs;
}

/// The pairs with the greatest likeness, of equals in their order.
std::vector<Pair> most_alike(std::vector<Pair> pairs) {
  std::ranges::stable_sort(pairs, std::ranges::greater(), &Pair::likeness);
  pairs.resize(std::min(pairs.size(), kShownPairs));
  return pairs;
}

/// How many texts of the set the pairs name.
std::uint64_t texts_in(std::span<const Pair> pairs) {
  std::set<std::uint32_t> texts;
  for (const auto& pair : pairs) texts.insert(pair.text);
  return texts.size();
}

}  // namespace

void GivenAnswers::add(std::uint64_t answer, std::uint64_t conversation, std::uint64_t turns) {
  auto& givers = givers_[answer];
  const bool is_known = std::ranges::any_of(
      givers, [&](const Giver& one) { return one.conversation == conversation || one.turns == turns; });
  if (!is_known && givers.size() < kUsual) givers.push_back({conversation, turns});
}

LeakSearch::LeakSearch(double threshold, std::size_t rows)
    : threshold_(threshold),
      requests_(NearDuplicates::frame_of(rows)),
      answers_(NearDuplicates::frame_of(rows), kFewestOfAnswer),
      held_requests_(NearDuplicates::frame_of(rows), kFewestOfRequest),
      held_names_(NearDuplicates::frame_of(rows), 1) {}

RowWords LeakSearch::words_of(const RowText& text) const {
  RowWords words{.turns = turns_words(text.seen), .prompt_hash = hash64(text.system), .prompt = {}};
  TurnsWords answer = turns_words(text.answer);
  words.answer = answer.all;
  words.answer_runs = std::move(answer.runs);
  words.answer_names = std::move(answer.names);
  if (!requests_.prompts().find(words.prompt_hash)) words.prompt = prompt_words(text.system);
  return words;
}

RowWords LeakSearch::words_of_evaluation(const RowText& text) const {
  RowWords words = words_of(text);
  words.value_runs = runs_of_values(text.answer_values);
  return words;
}

RowWords LeakSearch::words_of_training(const RowText& text) const {
  RowWords words = words_of(text);
  for (const std::string* part : {&text.system, &text.tools}) {
    if (part->empty()) continue;
    words.parts.push_back({.hash = hash64(*part)});
    RowWords::Part& one = words.parts.back();
    if (answers_.find_part(one.hash)) continue;
    ComparisonWords all = comparison_words(*part);
    one.runs = unsorted_runs_of(all.words);
    one.names = std::move(all.names);
  }
  return words;
}

std::uint32_t LeakSearch::prompt_of(RowWords& words, bool is_of_set) {
  Prompts& prompts = requests_.prompts();
  const auto known = prompts.find(words.prompt_hash);
  return known ? *known : prompts.add(words.prompt_hash, std::move(*words.prompt), is_of_set);
}

void LeakSearch::add_evaluation(RowWords words) {
  const auto row = static_cast<std::uint32_t>(evaluated_prompts_.size());
  evaluated_runs_.push_back(static_cast<std::uint32_t>(words.turns.runs.size()));
  evaluated_prompts_.push_back(prompt_of(words, true));
  answers_.add(row, words.answer_runs);
  answers_.add(row, words.value_runs);
  held_requests_.add(row, words.turns.runs);
  held_names_.add(row, words.turns.names);
  requests_.add(std::move(words.turns), evaluated_prompts_.back());
}

void LeakSearch::add_training(RowWords words) {
  trained_prompts_.push_back(prompt_of(words, false));
  trained_runs_.push_back(static_cast<std::uint32_t>(words.turns.runs.size()));
  // The three know the same parts, by the same numbers.
  std::vector<std::uint32_t> parts;
  for (const RowWords::Part& part : words.parts) {
    parts.push_back(answers_.add_part(part.hash, part.runs));
    held_requests_.add_part(part.hash, part.runs);
    held_names_.add_part(part.hash, part.names);
  }
  const auto shown = both(words.turns.runs, words.answer_runs);
  answers_.compare(shown, parts);
  held_requests_.compare(shown, parts);
  held_names_.compare(both(words.turns.names, words.answer_names), parts);
  requests_.compare(std::move(words.turns), trained_prompts_.back());
}

void LeakSearch::finish() {
  requests_.finish();
  for (HeldTexts* texts : {&answers_, &held_requests_, &held_names_}) texts->finish();
}

LeakSearch::Pairs LeakSearch::held_requests(const Pairs& requests) const {
  Pairs pairs = held_requests_.pairs(threshold_);
  const Pairs names = held_names_.pairs(1);
  const Prompts& prompts = requests_.prompts();
  // Of turns that are about as long, and alike, the likeness decides.
  const auto is_decided = [&](const Pair& pair) {
    const auto found = std::ranges::lower_bound(requests, pair, is_before);
    if (found == requests.end() || is_before(pair, *found)) return false;
    const auto [fewer, more] = std::minmax(evaluated_runs_[pair.text], trained_runs_[pair.other]);
    return is_near(*found) || static_cast<double>(fewer) >= kAsLong * static_cast<double>(more);
  };
  std::erase_if(pairs, [&](const Pair& pair) {
    return !prompts.is_held(evaluated_prompts_[pair.text], trained_prompts_[pair.other], requests_.own_runs(pair.text),
                            threshold_) ||
           (held_names_.is_looked_for(pair.text) && !std::ranges::binary_search(names, pair, is_before)) ||
           is_decided(pair);
  });
  return pairs;
}

FoundLeaks FoundLeaks::of(const LeakSearch& search) {
  LeakSearch::Pairs requests = search.requests();
  LeakSearch::Pairs held = search.held_requests(requests);
  return {std::move(requests), search.equal_requests(), std::move(held), search.answers()};
}

std::vector<std::uint32_t> FoundLeaks::near_texts(double threshold) const {
  std::set<std::uint32_t> texts;
  for (const Pair& pair : requests) {
    if (pair.likeness >= threshold) texts.insert(pair.text);
  }
  for (const auto& group : equal_requests) texts.insert(group.texts.begin(), group.texts.end());
  return {texts.begin(), texts.end()};
}

std::vector<std::uint32_t> FoundLeaks::leaking_rows(double threshold) const {
  std::set<std::uint32_t> rows;
  for (const Pair& pair : requests) {
    if (pair.likeness >= threshold) rows.insert(pair.other);
  }
  for (const auto& group : equal_requests) rows.insert(group.others.begin(), group.others.end());
  for (const Pair& pair : held_requests) rows.insert(pair.other);
  return {rows.begin(), rows.end()};
}

std::vector<std::pair<LeakPair::Kind, Pair>> FoundLeaks::measure_parted(double threshold, std::size_t own,
                                                                        Leak& leak) const {
  leak.near_duplicate_threshold = threshold;
  leak.eval_rows_near_training = near_texts(threshold).size();
  leak.eval_rows_request_in_training = texts_in(held_requests);
  leak.eval_rows_answered_in_training = texts_in(answers);
  leak.eval_rows_own_answer_in_training = texts_in(std::span(answers).first(own));
  LeakSearch::Pairs alike = requests;
  for (const auto& group : equal_requests) alike.push_back({group.texts.front(), group.others.front(), 1});
  std::ranges::sort(alike, is_before);
  std::vector<std::pair<LeakPair::Kind, Pair>> shown;
  const auto show = [&](LeakPair::Kind kind, const LeakSearch::Pairs& pairs) {
    for (const Pair& pair : most_alike(pairs)) shown.emplace_back(kind, pair);
  };
  show(LeakPair::Kind::kRequest, alike);
  show(LeakPair::Kind::kHeldRequest, held_requests);
  show(LeakPair::Kind::kAnswer, answers);
  return shown;
}

std::string beginning_of(const std::string& text) {
  return std::string(codec::utf8_prefix(text, kShownBytes)) + (text.size() > kShownBytes ? " ..." : "");
}

}  // namespace fw::dataset
