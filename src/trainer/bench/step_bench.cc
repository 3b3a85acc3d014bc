// Seconds of one training step on rows of the demo's shape (424 tokens in common, 62 of their own, 37 of them answer),
// forward and backward, and what share of the machine's matrix product rate that is.
//   trainer_step_bench MODEL.gguf [THREADS] [fp32|bf16]
#include <ATen/TensorOperators.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "trainer/loop/frozen_states.h"
#include "trainer/model/gemm.h"
#include "trainer/model/model.h"
#include "trainer/model/parallel.h"
#include "trainer/weights/weight_source.h"

namespace {

using namespace fw::trainer;  // NOLINT: this file is the program

constexpr std::int64_t kCommon = 424, kOwn = 62, kAnswer = 37;
constexpr int kRounds = 5;

template <class Fn>
double best_seconds(int rounds, Fn fn) {
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    fn();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  return best;
}

double matmul_rate() {
  const std::int64_t m = 1024, n = 1024, k = 1536;
  std::vector<float> a(m * k, 0.5F), b(k * n, 0.25F), c(m * n);
  return 2.0 * m * n * k /
         best_seconds(20, [&] { gemm(m, n, k, 1, plain(a.data(), k), plain(b.data(), n), 0, c.data(), n); });
}

std::vector<TrainingRow> rows_of(int count, std::int64_t vocab) {
  fw::Random random(1);
  std::vector<Token> common;
  for (int i = 0; i < kCommon; ++i)
    common.push_back(static_cast<Token>(random.below(static_cast<std::uint64_t>(vocab))));
  std::vector<TrainingRow> rows;
  for (int r = 0; r < count; ++r) {
    TrainingRow row{common, kCommon + kOwn - kAnswer};
    for (int i = 0; i < kOwn; ++i)
      row.tokens.push_back(static_cast<Token>(random.below(static_cast<std::uint64_t>(vocab))));
    rows.push_back(std::move(row));
  }
  return rows;
}

// Forward and input gradients of linear layers and head: what no implementation of this step can leave out.
double needed_flops(const ModelConfig& c, int rows, std::int64_t layers) {
  const double tokens = static_cast<double>(kCommon + rows * (kOwn - 1));
  const double per_token = static_cast<double>(c.hidden * (2 * c.q_size() + 2 * c.kv_size() + 3 * c.feed_forward));
  const double head = static_cast<double>(rows * kAnswer) * static_cast<double>(c.hidden * c.vocab);
  return 4 * (tokens * per_token * static_cast<double>(layers) + head);
}

void measure(const ModelWeights& weights, int rows_count, int layers, double rate) {
  const auto rows = rows_of(rows_count, weights.config.vocab);
  std::vector<const TrainingRow*> pointers;
  std::vector<std::size_t> numbers;
  for (const auto& row : rows) {
    numbers.push_back(pointers.size());
    pointers.push_back(&row);
  }
  const int first = static_cast<int>(weights.config.layers) - layers;
  AdapterSettings settings;
  settings.first_layer = first;
  const auto adapter = make_adapter(weights.config, settings, fw::Random(2));
  const PackedModel model(weights, &adapter, kCommon + kOwn);
  const auto states = FrozenStates::compute(weights, pointers, first, {1ULL << 30, {}, {}});
  const double seconds = best_seconds(kRounds, [&] {
    const auto input = prepare(weights.config, pack(pointers));
    const auto hidden = first > 0 ? states->gather(*input.tree, numbers) : model.embed(*input.tree);
    model.loss(hidden, input, first).loss.backward();
    for (const auto& item : adapter.named()) item.tensor.mutable_grad().reset();
  });
  std::printf("%2d rows, %2d layers: %5.2f s a step, %5.2f rows/s, %3.0f %% of the fp32 rate\n", rows_count, layers,
              seconds, rows_count / seconds, 100 * needed_flops(weights.config, rows_count, layers) / seconds / rate);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: trainer_step_bench MODEL.gguf [THREADS] [fp32|bf16]\n");
    return 2;
  }
  set_threads(argc > 2 ? std::atoi(argv[2]) : 2);
  const auto source = open_weights(argv[1]);
  const auto precision = argc > 3 && std::string_view(argv[3]) == "bf16" ? Precision::kBf16 : Precision::kFp32;
  const auto weights = source.ok() ? load_weights(**source, {}, precision) : fw::Result<ModelWeights>(source.error());
  if (!weights.ok()) {
    std::fprintf(stderr, "%s\n", weights.error().message.c_str());
    return 1;
  }
  const double rate = matmul_rate();
  std::printf("%d threads, fp32 matrix product %.0f GFLOP/s\n", threads(), rate / 1e9);
  const int all = static_cast<int>(weights->config.layers);
  for (const int rows : {8, 16})
    for (const int layers : {all, all / 2}) measure(*weights, rows, layers, rate);
  return 0;
}
