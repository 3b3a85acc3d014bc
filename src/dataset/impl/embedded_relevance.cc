#include <array>
#include <cmath>
#include <set>
#include <string>

#include "dataset/impl/relevance.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kMaxText = 8u << 10;  // about what embedding models read at all
constexpr std::size_t kQueriesAtOnce = 8;   // for one walk over the set; each has a score for all of it in memory
constexpr std::size_t kLanes = 8;           // sums that do not wait for one another

/// Servers refuse an empty text.
std::string asked_text(std::string_view text) {
  std::string out(text.substr(0, kMaxText));  // one of this length counts as cut
  return out.find_first_not_of(" \t\r\n") == std::string::npos ? "(no text)" : out;
}

void normalise(std::vector<float>& vector) {
  double square = 0;
  for (const float x : vector) square += static_cast<double>(x) * x;
  if (square <= 0) return;
  for (float& x : vector) x = static_cast<float>(x / std::sqrt(square));
}

/// In the same order on every machine. 4 times faster than one sum after another, which waits for each addition.
double dot(std::span<const double> query, const float* vector) {
  std::array<double, kLanes> sums{};
  std::size_t k = 0;
  for (; k + kLanes <= query.size(); k += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += query[k + lane] * vector[k + lane];
  }
  for (; k < query.size(); ++k) sums[k % kLanes] += query[k] * vector[k];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

class EmbeddedRelevance final : public Relevance {
 public:
  explicit EmbeddedRelevance(Embed embed) : embed_(std::move(embed)) {}

  void add(std::string_view text) override { waiting_.push_back(asked_text(text)); }

  Status finish() override {
    for (std::size_t at = 0; at < waiting_.size(); at += kBatch) {
      FW_ASSIGN(auto vectors, vectors_of(std::span(waiting_).subspan(at, std::min(kBatch, waiting_.size() - at)),
                                         modelops::EmbeddingUse::kPassage));
      for (auto& vector : vectors) vectors_.insert(vectors_.end(), vector.begin(), vector.end());
    }
    waiting_.clear();
    return {};
  }

  Result<std::vector<Nearest>> nearest(std::span<const std::string> texts, std::size_t count) override {
    std::vector<Nearest> out;
    for (std::size_t at = 0; at < texts.size(); at += kBatch) {
      std::vector<std::string> asked;
      for (std::size_t i = at; i < std::min(at + kBatch, texts.size()); ++i) asked.push_back(asked_text(texts[i]));
      FW_ASSIGN(const auto vectors, vectors_of(asked, modelops::EmbeddingUse::kQuery));
      for (std::size_t first = 0; first < vectors.size(); first += kQueriesAtOnce) {
        const auto some = std::span(vectors).subspan(first, std::min(kQueriesAtOnce, vectors.size() - first));
        for (const auto& scores : cosines(some)) out.push_back(best_of(scores, count));
      }
    }
    return out;
  }
  std::uint64_t cut_texts() const override { return cut_texts_; }

 private:
  [[nodiscard]] Result<std::vector<std::vector<float>>> vectors_of(std::span<const std::string> texts,
                                                                   modelops::EmbeddingUse use) {
    FW_ASSIGN(auto embedded, embed_(texts, use));
    auto& vectors = embedded.vectors;
    if (vectors.size() != texts.size()) {
      return data_loss("the embedding model gave " + std::to_string(vectors.size()) + " vectors for " +
                       std::to_string(texts.size()) + " texts");
    }
    for (auto& vector : vectors) {
      if (length_ == 0) length_ = vector.size();
      if (vector.empty() || vector.size() != length_) {
        return data_loss("the embedding model gave vectors of " + std::to_string(length_) + " and of " +
                         std::to_string(vector.size()) + " numbers");
      }
      normalise(vector);
    }
    std::set<std::size_t> cut(embedded.cut.begin(), embedded.cut.end());
    for (std::size_t i = 0; i < texts.size(); ++i)
      if (texts[i].size() == kMaxText) cut.insert(i);
    cut_texts_ += cut.size();
    return std::move(vectors);
  }

  /// Of each query with the whole set, whose vectors are walked over once.
  [[nodiscard]] std::vector<std::vector<double>> cosines(std::span<const std::vector<float>> queries) const {
    const std::size_t size = vectors_.size() / length_;
    std::vector<std::vector<double>> asked;
    for (const auto& query : queries) asked.emplace_back(query.begin(), query.end());
    std::vector<std::vector<double>> out(queries.size(), std::vector<double>(size));
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t q = 0; q < asked.size(); ++q) out[q][i] = dot(asked[q], &vectors_[i * length_]);
    }
    return out;
  }

  const Embed embed_;
  std::vector<std::string> waiting_;
  std::size_t length_ = 0;
  std::uint64_t cut_texts_ = 0;
  std::vector<float> vectors_;  // of the set, one after another
};

}  // namespace

std::unique_ptr<Relevance> embedded_relevance(Embed embed) {
  return std::make_unique<EmbeddedRelevance>(std::move(embed));
}

}  // namespace fw::dataset
