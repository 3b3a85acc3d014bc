#include "dataset/impl/neighbours.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace fw::dataset {
namespace {

constexpr double kSaturation = 1.2;  // k1
constexpr double kLength = 0.75;     // b
constexpr double kLeastLikeness = 0.5;
constexpr std::size_t kMostAlike = 2;
constexpr std::size_t kLeastUsual = 6;
constexpr std::size_t kTimesAsUsual = 4;
constexpr double kMostOwnVotes = 0.1;
constexpr double kLeastOtherVotes = 0.45;
constexpr double kTimesAsLikely = 1e6;
constexpr double kSmoothing = 0.3;  // of naive Bayes
constexpr double kRounded = 1e6;    // no machine's arithmetic changes an order

using Counts = std::map<std::uint32_t, std::size_t>;

std::size_t count_of(const Counts& counts, std::uint32_t key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

Neighbours::Neighbours(std::vector<Asked> rows) : rows_(std::move(rows)) {
  for (const Asked& row : rows_) {
    if (!row.words.empty()) ++places_[row.place].step;
  }
  for (auto& [key, place] : places_) place.step = (place.step + kMostCompared - 1) / kMostCompared;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Asked& row = rows_[i];
    answers_ = std::max<std::size_t>(answers_, row.answer + std::size_t{1});
    if (row.words.empty()) continue;
    Place& place = places_[row.place];
    if (place.seen++ % place.step != 0) continue;
    for (const std::uint32_t word : row.words) {
      place.holders[word].push_back(static_cast<std::uint32_t>(place.rows.size()));
    }
    place.rows.push_back(i);
    place.mean_words += static_cast<double>(row.words.size());
    ++place.answers[row.answer];
    place.words[row.answer] += row.words.size();
    place.calls += row.is_call ? 1 : 0;
  }
  for (auto& [key, place] : places_) place.mean_words /= static_cast<double>(place.rows.size());
}

double Neighbours::weight(const Place& place, std::size_t holding, std::size_t words) {
  if (2 * holding > place.rows.size()) return 0;
  const auto rows = static_cast<double>(place.rows.size());
  const auto holders = static_cast<double>(holding);
  const double length = static_cast<double>(words) / place.mean_words;
  return std::log(1 + (rows - holders + 0.5) / (holders + 0.5)) * (kSaturation + 1) /
         (1 + kSaturation * (1 - kLength + kLength * length));
}

Neighbours::Nearest Neighbours::nearest(const Place& place, const Asked& row, std::optional<std::size_t> self) const {
  std::vector<double> scores(place.rows.size(), 0);
  for (const std::uint32_t word : row.words) {
    const auto holders = place.holders.find(word);
    if (holders == place.holders.end() || 2 * holders->second.size() > place.rows.size()) continue;
    for (const std::uint32_t i : holders->second) {
      scores[i] += weight(place, holders->second.size(), rows_[place.rows[i]].words.size());
    }
  }
  for (double& score : scores) score = std::round(score * kRounded);
  Nearest out;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > 0 && self != place.rows[i]) out.rows.push_back(i);
  }
  const auto is_nearer = [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  const auto count = std::min(out.rows.size(), kCount);
  std::ranges::partial_sort(out.rows, out.rows.begin() + static_cast<std::ptrdiff_t>(count), is_nearer);
  out.rows.resize(count);
  for (const std::uint32_t i : out.rows) out.scores.push_back(scores[i]);
  return out;
}

double Neighbours::own_score(const Place& place, const Asked& row) {
  double own = 0;
  for (const std::uint32_t word : row.words) {
    const auto holders = place.holders.find(word);
    if (holders != place.holders.end()) own += weight(place, holders->second.size(), row.words.size());
  }
  return std::round(own * kRounded);
}

/// Naive Bayes of the two answers and of every other that is no rare one: `other` is the likeliest, and the row's own,
/// which its own words do not speak for, is far from it.
bool Neighbours::is_likelier(const Place& place, const Asked& row, bool is_in, std::uint32_t other) const {
  std::map<std::uint32_t, double> likely;
  const auto self = [&](std::uint32_t answer) { return is_in && answer == row.answer ? 1.0 : 0.0; };
  for (const auto& [answer, count] : place.answers) {
    if (count >= kCount) likely[answer] = std::log(static_cast<double>(count) - self(answer));
  }
  const double vocabulary = kSmoothing * static_cast<double>(place.holders.size());
  std::vector<std::size_t> held(answers_);  // rows that hold a word, by answer
  for (const std::uint32_t word : row.words) {
    const auto holders = place.holders.find(word);
    if (holders == place.holders.end() || 2 * holders->second.size() > place.rows.size()) continue;
    for (const auto& [answer, sum] : likely) held[answer] = 0;
    for (const std::uint32_t i : holders->second) ++held[rows_[place.rows[i]].answer];
    for (auto& [answer, sum] : likely) {
      const double own = self(answer);
      const double words = static_cast<double>(place.words.at(answer)) - own * static_cast<double>(row.words.size());
      sum += std::log((static_cast<double>(held[answer]) - own + kSmoothing) / (words + vocabulary));
    }
  }
  const auto best =
      std::ranges::max_element(likely, {}, [](const auto& one) { return std::round(one.second * kRounded); });
  const auto own = likely.find(row.answer);
  return best != likely.end() && best->first == other && own != likely.end() &&
         best->second - own->second >= std::log(kTimesAsLikely);
}

void Neighbours::count_nearest(const Place& place, const Asked& row, bool is_in, const Nearest& nearest,
                               Opinion& opinion) const {
  if (!row.is_call || place.calls < 2) return;
  for (const std::uint32_t i : nearest.rows) {
    const Asked& other = rows_[place.rows[i]];
    if (!other.is_call) continue;
    opinion.agreeing += other.answer == row.answer ? 1 : 0;
    if (++opinion.nearest == kNearest) break;
  }
  const auto own = place.answers.find(row.answer);
  const double alike = own == place.answers.end() ? 0 : static_cast<double>(own->second) - (is_in ? 1 : 0);
  opinion.chance = alike / static_cast<double>(place.calls - (is_in ? 1 : 0));
}

Neighbours::Opinion Neighbours::judge(const Asked& row, std::optional<std::size_t> self) const {
  Opinion opinion;
  const auto found = places_.find(row.place);
  if (found == places_.end() || row.words.empty() || found->second.rows.size() <= kCount) return opinion;
  const Place& place = found->second;
  const auto rows_answered_so = place.answers.find(row.answer);
  const bool is_rare = rows_answered_so == place.answers.end() || rows_answered_so->second < kCount;
  const Nearest near = nearest(place, row, self);
  const bool is_in = self && std::ranges::binary_search(place.rows, *self);
  count_nearest(place, row, is_in, near, opinion);
  if (near.rows.size() < kCount) return opinion;

  Counts answers;
  std::map<std::uint32_t, double> votes;
  double all = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    const std::uint32_t answer = rows_[place.rows[near.rows[i]]].answer;
    ++answers[answer];
    votes[answer] += near.scores[i];
    all += near.scores[i];
  }
  const auto usual = std::ranges::max_element(answers, {}, [](const auto& one) { return one.second; });
  const auto voted = std::ranges::max_element(votes, {}, [](const auto& one) { return one.second; });
  const std::size_t alike = count_of(answers, row.answer);
  opinion.voted = voted->first;
  if (is_rare) return opinion;
  if (alike <= kMostAlike && usual->second >= kLeastUsual && usual->second >= kTimesAsUsual * alike &&
      near.scores[kCount / 2] >= kLeastLikeness * own_score(place, row)) {
    opinion.like_ones = Disagreement{alike, usual->second, usual->first};
  }
  const double own = votes.contains(row.answer) ? votes.at(row.answer) : 0;
  if (voted->first != row.answer && own <= kMostOwnVotes * all && voted->second >= kLeastOtherVotes * all &&
      is_likelier(place, row, is_in, voted->first)) {
    opinion.all_words = Disagreement{alike, count_of(answers, voted->first), voted->first};
  }
  return opinion;
}

}  // namespace fw::dataset
