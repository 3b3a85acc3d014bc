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
constexpr double kRounded = 1e6;  // no machine's arithmetic changes an order

}  // namespace

Neighbours::Neighbours(std::vector<Asked> rows) : rows_(std::move(rows)) {
  for (const Asked& row : rows_) {
    if (!row.words.empty()) ++places_[row.place].step;
  }
  for (auto& [key, place] : places_) place.step = (place.step + kMostCompared - 1) / kMostCompared;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].words.empty()) continue;
    Place& place = places_[rows_[i].place];
    if (place.seen++ % place.step != 0) continue;
    for (const std::uint32_t word : rows_[i].words) {
      place.holders[word].push_back(static_cast<std::uint32_t>(place.rows.size()));
    }
    place.rows.push_back(i);
    place.mean_words += static_cast<double>(rows_[i].words.size());
    ++place.answers[rows_[i].answer];
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

std::vector<double> Neighbours::scores(const Place& place, const Asked& row) const {
  std::vector<double> scores(place.rows.size(), 0);
  for (const std::uint32_t word : row.words) {
    const auto holders = place.holders.find(word);
    if (holders == place.holders.end() || 2 * holders->second.size() > place.rows.size()) continue;
    for (const std::uint32_t i : holders->second) {
      scores[i] += weight(place, holders->second.size(), rows_[place.rows[i]].words.size());
    }
  }
  for (double& score : scores) score = std::round(score * kRounded);
  return scores;
}

std::optional<Neighbours::Disagreement> Neighbours::judge(const Asked& row, std::optional<std::size_t> self) const {
  const auto found = places_.find(row.place);
  if (found == places_.end() || row.words.empty() || found->second.rows.size() <= kCount) return std::nullopt;
  const Place& place = found->second;
  const auto rows_answered_so = place.answers.find(row.answer);
  if (rows_answered_so == place.answers.end() || rows_answered_so->second < kCount) return std::nullopt;

  const std::vector<double> scored = scores(place, row);
  std::vector<std::uint32_t> nearest;
  for (std::uint32_t i = 0; i < scored.size(); ++i) {
    if (scored[i] > 0 && self != place.rows[i]) nearest.push_back(i);
  }
  if (nearest.size() < kCount) return std::nullopt;
  const auto is_nearer = [&](std::uint32_t a, std::uint32_t b) {
    return scored[a] != scored[b] ? scored[a] > scored[b] : a < b;
  };
  std::ranges::partial_sort(nearest, nearest.begin() + kCount, is_nearer);
  nearest.resize(kCount);

  double own = 0;
  for (const std::uint32_t word : row.words) {
    const auto holders = place.holders.find(word);
    if (holders != place.holders.end()) own += weight(place, holders->second.size(), row.words.size());
  }
  if (scored[nearest[kCount / 2]] < kLeastLikeness * std::round(own * kRounded)) return std::nullopt;

  std::map<std::uint32_t, std::size_t> answers;
  for (const std::uint32_t i : nearest) ++answers[rows_[place.rows[i]].answer];
  const auto usual = std::ranges::max_element(answers, {}, [](const auto& one) { return one.second; });
  const std::size_t alike = answers.contains(row.answer) ? answers.at(row.answer) : 0;
  if (alike > kMostAlike || usual->second < kLeastUsual || usual->second < kTimesAsUsual * alike) return std::nullopt;
  return Disagreement{alike, usual->second, usual->first};
}

}  // namespace fw::dataset
