// The search for in-context examples over a set of unit vectors, as a run does it, beside an index of small worlds
// where hnswlib's header is there: `nearest_bench [VECTORS [QUERIES [NUMBERS]]]`. The vectors lie around 2,000 centres,
// as texts of one application do; evenly spread ones would be harder for the index than what it is used for.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "dataset/impl/relevance.h"

#if __has_include(<hnswlib/hnswlib.h>)
#include <hnswlib/hnswlib.h>
#define FW_HAS_HNSWLIB 1
#else
#define FW_HAS_HNSWLIB 0
#endif

namespace {

using namespace fw;
using Vectors = std::vector<std::vector<float>>;

constexpr std::size_t kCentres = 2000;
constexpr std::size_t kFound = 25;

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

class Maker {
 public:
  explicit Maker(std::size_t numbers) : numbers_(numbers) {
    for (std::size_t i = 0; i < kCentres; ++i) centres_.push_back(spread({}));
  }
  std::vector<float> next() { return spread(centres_[random_.below(kCentres)]); }

 private:
  std::vector<float> spread(const std::vector<float>& around) {
    std::vector<float> out(numbers_);
    for (std::size_t k = 0; k < numbers_; ++k) {
      const double even = 2 * random_.uniform() - 1;
      out[k] = static_cast<float>(around.empty() ? even : around[k] + 0.4 * even);
    }
    return out;
  }

  const std::size_t numbers_;
  Random random_{7};
  std::vector<std::vector<float>> centres_;
};

Result<std::vector<dataset::Nearest>> search_exactly(const Vectors& set, const Vectors& queries) {
  std::size_t at = 0;
  const Vectors* from = &set;
  auto relevance = dataset::embedded_relevance([&](std::span<const std::string> texts, modelops::EmbeddingUse) {
    modelops::Embeddings out;
    for (std::size_t i = 0; i < texts.size(); ++i) out.vectors.push_back((*from)[at++]);
    return Result<modelops::Embeddings>(std::move(out));
  });
  auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < set.size(); ++i) relevance->add("a text");
  FW_TRY(relevance->finish());
  std::printf("exact: taken in %.2f s", seconds_since(begun));
  at = 0;
  from = &queries;
  begun = std::chrono::steady_clock::now();
  FW_ASSIGN(auto found, relevance->nearest(std::vector<std::string>(queries.size(), "a text"), kFound));
  const double took = seconds_since(begun);
  std::printf(", searched in %.2f s, %.1f ms a query\n", took, 1e3 * took / static_cast<double>(queries.size()));
  return found;
}

#if FW_HAS_HNSWLIB
void search_index(const Vectors& set, const Vectors& queries, const std::vector<dataset::Nearest>& exact) {
  const auto unit = [](std::vector<float> vector) {
    double square = 0;
    for (const float x : vector) square += static_cast<double>(x) * x;
    for (float& x : vector) x = static_cast<float>(x / std::sqrt(square));
    return vector;
  };
  hnswlib::InnerProductSpace space(set.front().size());
  hnswlib::HierarchicalNSW<float> index(&space, set.size(), 16, 200);
  index.setEf(200);
  auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < set.size(); ++i) index.addPoint(unit(set[i]).data(), i);
  std::printf("hnswlib (M 16, ef 200): built in %.2f s", seconds_since(begun));
  begun = std::chrono::steady_clock::now();
  std::size_t same = 0;
  for (std::size_t q = 0; q < queries.size(); ++q) {
    auto found = index.searchKnn(unit(queries[q]).data(), kFound);
    for (; !found.empty(); found.pop())
      same += static_cast<std::size_t>(std::ranges::count(exact[q], static_cast<std::uint32_t>(found.top().second)));
  }
  std::printf(", searched in %.2f s; %.1f %% of the nearest found\n", seconds_since(begun),
              100.0 * static_cast<double>(same) / static_cast<double>(kFound * queries.size()));
}
#endif

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::size_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::size_t vectors = number(1, 100'000);
  const std::size_t queries = number(2, 320);
  Maker maker(number(3, 384));
  Vectors set, asked;
  for (std::size_t i = 0; i < vectors; ++i) set.push_back(maker.next());
  for (std::size_t i = 0; i < queries; ++i) asked.push_back(maker.next());
  const auto exact = search_exactly(set, asked);
  if (!exact.ok()) return std::fprintf(stderr, "%s\n", exact.error().message.c_str()), 1;
#if FW_HAS_HNSWLIB
  search_index(set, asked, *exact);
#else
  std::printf("hnswlib is not installed (libhnswlib-dev)\n");
#endif
  return 0;
}
