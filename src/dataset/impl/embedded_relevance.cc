#include <cmath>
#include <set>
#include <string>

#include "dataset/impl/relevance.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kMaxText = 8u << 10;  // about what embedding models read at all

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
      for (const auto& vector : vectors) out.push_back(best_of(cosines(vector), count));
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

  [[nodiscard]] std::vector<double> cosines(const std::vector<float>& vector) const {
    std::vector<double> out(vectors_.size() / vector.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < vector.size(); ++k)
        sum += static_cast<double>(vectors_[i * vector.size() + k]) * vector[k];
      out[i] = sum;
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
