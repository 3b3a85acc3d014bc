#include <cmath>
#include <map>
#include <unordered_map>

#include "codec/unicode_words.h"
#include "dataset/impl/relevance.h"

namespace fw::dataset {
namespace {

constexpr double kSaturation = 1.2;  // k1
constexpr double kLength = 0.75;     // b
constexpr std::size_t kMaxText = 16u << 10;

std::map<std::string, std::uint32_t> counted_words(std::string_view text) {
  std::map<std::string, std::uint32_t> counts;
  for (std::string& word : unicode_words(text.substr(0, kMaxText))) ++counts[std::move(word)];
  return counts;
}

class LexicalRelevance final : public Relevance {
 public:
  void add(std::string_view text) override {
    const auto position = static_cast<std::uint32_t>(lengths_.size());
    std::uint32_t length = 0;
    for (const auto& [word, times] : counted_words(text)) {
      holders_[word].push_back({position, times});
      length += times;
    }
    lengths_.push_back(length);
    total_length_ += length;
  }

  Status finish() override { return {}; }

  Result<std::vector<Nearest>> nearest(std::span<const std::string> texts, std::size_t count) override {
    std::vector<Nearest> out;
    for (const std::string& text : texts) out.push_back(best_of(scores_of(text), count));
    return out;
  }

 private:
  struct Holder {
    std::uint32_t position;
    std::uint32_t times;
  };

  [[nodiscard]] std::vector<double> scores_of(std::string_view text) const {
    std::vector<double> scores(lengths_.size());
    if (total_length_ == 0) return scores;
    const auto texts = static_cast<double>(lengths_.size());
    const double mean_length = static_cast<double>(total_length_) / texts;
    for (const auto& [word, times_asked] : counted_words(text)) {
      const auto found = holders_.find(word);
      if (found == holders_.end()) continue;
      const auto holding = static_cast<double>(found->second.size());
      const double rarity = std::log(1 + (texts - holding + 0.5) / (holding + 0.5));
      for (const Holder& holder : found->second) {
        const double times = holder.times;
        const double length = lengths_[holder.position] / mean_length;
        const double weight = times * (kSaturation + 1) / (times + kSaturation * (1 - kLength + kLength * length));
        scores[holder.position] += times_asked * rarity * weight;
      }
    }
    return scores;
  }

  std::unordered_map<std::string, std::vector<Holder>> holders_;  // by word
  std::vector<std::uint32_t> lengths_;                            // in words
  std::uint64_t total_length_ = 0;
};

}  // namespace

std::unique_ptr<Relevance> lexical_relevance() { return std::make_unique<LexicalRelevance>(); }

}  // namespace fw::dataset
