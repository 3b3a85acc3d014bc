// Rows a second of LoRA training steps on a GPU, forward, backward and AdamW, on random weights of well-known shapes:
// rank 16 on all linear layers, rows of 508 tokens of which 421 are common to all and 30 bear loss.
//   trainer_device_bench [SHAPE ROWS]...        shapes: 135M 1B 8B; without any: all of them at 8, 32 and 128 rows
// With PROFILE_LAYERS=n in the environment one step of n layers stands between cudaProfilerStart and -Stop instead.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "trainer/device/cuda/cuda_device.h"
#include "trainer/device/device_model.h"

// Of cuda_profiler_api.h, which CUDA's runtime package lacks.
extern "C" cudaError_t cudaProfilerStart();
extern "C" cudaError_t cudaProfilerStop();

namespace {

using namespace fw::trainer;  // NOLINT: this file is the program

constexpr std::int64_t kCommon = 421, kOwn = 87, kAnswer = 30;

ModelConfig shape(const std::string& name) {
  ModelConfig c;
  c.architecture = "llama";
  c.context = 8192;
  c.tied = name != "8B";
  c.vocab = name == "135M" ? 49152 : 128256;
  c.hidden = name == "135M" ? 576 : name == "1B" ? 2048 : 4096;
  c.feed_forward = name == "135M" ? 1536 : name == "1B" ? 8192 : 14336;
  c.layers = name == "135M" ? 30 : name == "1B" ? 16 : 32;
  c.heads = name == "135M" ? 9 : 32;
  c.kv_heads = name == "135M" ? 3 : 8;
  c.head_dim = c.hidden / c.heads;
  return c;
}

// Every matrix is the beginning of one random tensor: their values do not matter, their sizes do.
ModelWeights random_weights(const ModelConfig& c) {
  const auto size = std::max({c.vocab * c.hidden, 2 * c.feed_forward * c.hidden, 1L << 20});
  const auto values = at::empty({size}, at::TensorOptions().dtype(at::kBFloat16));
  auto* bits = reinterpret_cast<std::uint16_t*>(values.mutable_data_ptr<at::BFloat16>());
  std::uint64_t x = 88172645463325252ULL;
  for (std::int64_t i = 0; i < size; i += 4) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    // Sign and mantissa at random, an exponent that makes them about 0.02.
    const std::uint64_t four = (x & 0x807f807f807f807fULL) | 0x3c803c803c803c80ULL;
    std::memcpy(bits + i, &four, static_cast<std::size_t>(std::min<std::int64_t>(4, size - i)) * 2);
  }
  auto ones = at::empty({c.hidden}, at::TensorOptions().dtype(at::kFloat));
  std::fill_n(ones.mutable_data_ptr<float>(), c.hidden, 1.0F);
  const auto matrix = [&](std::int64_t out, std::int64_t in) { return values.narrow(0, 0, out * in).view({out, in}); };
  ModelWeights w;
  w.config = c;
  w.embedding = matrix(c.vocab, c.hidden);
  for (int i = 0; i < c.layers; ++i) {
    LayerWeights layer;
    layer.attention_norm = layer.feed_forward_norm = ones;
    layer.qkv = matrix(c.q_size() + 2 * c.kv_size(), c.hidden);
    layer.out = matrix(c.hidden, c.q_size());
    layer.gate_up = matrix(2 * c.feed_forward, c.hidden);
    layer.down = matrix(c.hidden, c.feed_forward);
    w.layers.push_back(std::move(layer));
  }
  w.final_norm = ones;
  w.head = c.tied ? w.embedding : matrix(c.vocab, c.hidden);
  return w;
}

std::vector<TrainingRow> rows_of(int count, std::int64_t vocab) {
  fw::Random random(1);
  const auto draw = [&] { return static_cast<Token>(random.below(static_cast<std::uint64_t>(vocab))); };
  std::vector<Token> common;
  for (int i = 0; i < kCommon; ++i) common.push_back(draw());
  std::vector<TrainingRow> rows;
  for (int r = 0; r < count; ++r) {
    TrainingRow row{common, kCommon + kOwn - kAnswer};
    for (int i = 0; i < kOwn; ++i) row.tokens.push_back(draw());
    rows.push_back(std::move(row));
  }
  return rows;
}

// Forward and input gradients of linear layers and head: what no implementation of this step can leave out.
double needed_flops(const ModelConfig& c, int rows) {
  const auto tokens = static_cast<double>(kCommon + rows * (kOwn - 1));
  const auto layer = static_cast<double>(c.hidden * (2 * c.q_size() + 2 * c.kv_size() + 3 * c.feed_forward));
  const auto head = static_cast<double>(rows * kAnswer) * static_cast<double>(c.hidden * c.vocab);
  return 4 * (tokens * layer * static_cast<double>(c.layers) + head);
}

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

double matmul_rate(Device& device) {
  constexpr std::int64_t kSize = 8192;
  DeviceMemory memory(device);
  const auto a = memory.matrix(kSize, kSize, Element::kBf16), b = memory.matrix(kSize, kSize, Element::kBf16);
  const auto c = memory.matrix(kSize, kSize, Element::kBf16);
  std::vector<std::uint16_t> bits(kSize * kSize);
  fw::Random random(3);
  for (auto& bit : bits) bit = static_cast<std::uint16_t>((random.next() & 0x807f) | 0x3f00);
  device.upload(a.data, bits.data(), bits.size() * 2);
  device.upload(b.data, bits.data(), bits.size() * 2);
  for (int i = 0; i < 3; ++i) device.multiply(c, 1, {a}, {b}, 0);
  device.synchronise();
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) device.multiply(c, 1, {a}, {b}, 0);
  device.synchronise();
  return 2.0 * kSize * kSize * kSize * 20 / seconds_since(begun);
}

struct Measured {
  double eager = 0, replayed = 0, loss = 0;
};

// Median seconds of a step, first launched one by one, then replayed.
Measured measure(DeviceWeights& weights, DeviceModel& model, const TokenTree& tree, int rounds) {
  Measured out;
  int step = 0;
  const auto run = [&](int count) {
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
      const auto begun = std::chrono::steady_clock::now();
      weights.clear_gradients();
      out.loss = model.train(tree, 1.0 / static_cast<double>(tree.terms.size())).loss;
      ++step;
      const double t = step;
      static_cast<void>(weights.step({.learning_rate = 1e-4F,
                                      .clip_norm = 1,
                                      .correction1 = static_cast<float>(1 - std::pow(0.9, t)),
                                      .correction2 = static_cast<float>(std::sqrt(1 - std::pow(0.999, t)))}));
      times.push_back(seconds_since(begun));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  };
  model.set_recording(false);
  run(2);
  out.eager = run(4);
  model.set_recording(true);
  run(3);
  out.replayed = run(rounds);
  return out;
}

void profile(Device& device, const std::string& name, int count, int layers) {
  auto config = shape(name);
  config.layers = layers;
  const auto host = random_weights(config);
  const auto adapter = make_adapter(config, {.rank = 16, .alpha = 32}, fw::Random(2));
  DeviceWeights weights(device, host, &adapter, kCommon + kOwn);
  const auto rows = rows_of(count, config.vocab);
  std::vector<const TrainingRow*> pointers;
  for (const auto& row : rows) pointers.push_back(&row);
  const auto tree = pack(pointers);
  DeviceModel model(device, weights, 0);
  model.set_recording(false);
  for (int i = 0; i < 3; ++i) {
    if (i == 2) cudaProfilerStart();
    weights.clear_gradients();
    static_cast<void>(model.train(tree, 1));
    static_cast<void>(weights.step({.learning_rate = 1e-4F, .clip_norm = 1}));
  }
  cudaProfilerStop();
}

void bench(Device& device, const std::string& name, const std::vector<int>& row_counts, double rate) {
  const auto config = shape(name);
  const auto begun = std::chrono::steady_clock::now();
  const auto host = random_weights(config);
  const auto adapter = make_adapter(config, {.rank = 16, .alpha = 32}, fw::Random(2));
  DeviceWeights weights(device, host, &adapter, kCommon + kOwn);
  std::printf("# %s: %.1f GiB of weights, set up in %.1f s\n", name.c_str(),
              static_cast<double>(weights.bytes()) / (1ULL << 30), seconds_since(begun));
  for (const int count : row_counts) {
    const auto rows = rows_of(count, config.vocab);
    std::vector<const TrainingRow*> pointers;
    for (const auto& row : rows) pointers.push_back(&row);
    const auto tree = pack(pointers);
    DeviceModel model(device, weights, 0);
    const auto m = measure(weights, model, tree, 20);
    const auto information = cuda_information();
    const double used = information.ok() ? static_cast<double>(information->memory_bytes - information->free_bytes) : 0;
    std::printf(
        "{\"model\": \"%s\", \"B\": %d, \"step_ms\": %.2f, \"rows_s\": %.1f, \"eager_ms\": %.2f, "
        "\"share_of_matmul_rate\": %.3f, \"GiB\": %.1f, \"loss\": %.4f}\n",
        name.c_str(), count, m.replayed * 1e3, count / m.replayed, m.eager * 1e3,
        needed_flops(config, count) / m.replayed / rate, used / (1ULL << 30),
        m.loss / static_cast<double>(tree.terms.size()));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto information = cuda_information();
  const auto device = open_cuda_device();
  if (!device.ok()) {
    std::fprintf(stderr, "%s\n", device.error().message.c_str());
    return 1;
  }
  if (const char* layers = std::getenv("PROFILE_LAYERS"); layers != nullptr && argc > 2) {
    profile(**device, argv[1], std::atoi(argv[2]), std::atoi(layers));
    return 0;
  }
  const double rate = matmul_rate(**device);
  std::printf("# %s, bf16 matrix product %.0f TFLOP/s\n", information->name.c_str(), rate / 1e12);
  std::vector<std::pair<std::string, std::vector<int>>> wanted;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (wanted.empty() || wanted.back().first != argv[i]) wanted.push_back({argv[i], {}});
    wanted.back().second.push_back(std::atoi(argv[i + 1]));
  }
  if (wanted.empty()) wanted = {{"135M", {8, 32, 128}}, {"1B", {8, 32, 128}}, {"8B", {8, 32, 128}}};
  for (const auto& [name, counts] : wanted) bench(**device, name, counts, rate);
  return 0;
}
