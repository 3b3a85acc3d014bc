#include "trainer/device/plain_device.h"

#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <vector>

#include "base/assert.h"
#include "io/machine.h"
#include "trainer/model/kernels.h"

namespace fw::trainer {
namespace {

// Element (row, column) of a view, whatever it is kept in.
float read(const View& m, std::int64_t row, std::int64_t column) {
  const std::int64_t i = row * m.stride + column;
  if (m.element == Element::kBf16) return static_cast<const c10::BFloat16*>(m.data)[i];
  return static_cast<const float*>(m.data)[i];
}
void write(const View& m, std::int64_t row, std::int64_t column, float value) {
  const std::int64_t i = row * m.stride + column;
  if (m.element == Element::kBf16) {
    static_cast<c10::BFloat16*>(m.data)[i] = c10::BFloat16(value);
  } else {
    static_cast<float*>(m.data)[i] = value;
  }
}
std::vector<float> row_of(const View& m, std::int64_t row, std::int64_t from, std::int64_t count) {
  std::vector<float> out(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) out[static_cast<std::size_t>(i)] = read(m, row, from + i);
  return out;
}

struct Activated {
  float value, slope;
};
Activated activated(float x, bool is_gelu) {
  if (!is_gelu) {
    const float s = 1 / (1 + std::exp(-x));
    return {x * s, s * (1 + x * (1 - s))};
  }
  constexpr float kRoot = 0.7978845608F, kCube = 0.044715F;
  const float t = std::tanh(kRoot * (x + kCube * x * x * x));
  return {0.5F * x * (1 + t), 0.5F * (1 + t) + 0.5F * x * (1 - t * t) * kRoot * (1 + 3 * kCube * x * x)};
}

// One head's vector on its way from the product to attention: normalised, then rotated; and back.
class HeadForm {
 public:
  HeadForm(const Attention& op, const float* norm, std::int64_t position)
      : d_(op.sizes.head_dim), half_(op.sizes.rotated / 2), eps_(op.sizes.eps), norm_(norm) {
    if (half_ == 0) return;
    cosine_ = op.cosine + position * half_;
    sine_ = op.sine + position * half_;
  }

  void apply(std::vector<float>& x) const {
    if (norm_ != nullptr) {
      const float inverse = inverse_rms(x);
      for (std::int64_t i = 0; i < d_; ++i) at(x, i) *= inverse * norm_[i];
    }
    turn(x, 1);
  }
  // `x` as it was before apply; dy becomes dx.
  void gradient(const std::vector<float>& x, std::vector<float>& dy) const {
    turn(dy, -1);
    if (norm_ == nullptr) return;
    const float inverse = inverse_rms(x);
    float dot = 0;
    for (std::int64_t i = 0; i < d_; ++i) dot += at(dy, i) * norm_[i] * at(x, i);
    dot *= inverse * inverse / static_cast<float>(d_);
    for (std::int64_t i = 0; i < d_; ++i) at(dy, i) = inverse * (at(dy, i) * norm_[i] - at(x, i) * dot);
  }

 private:
  static float& at(std::vector<float>& x, std::int64_t i) { return x[static_cast<std::size_t>(i)]; }
  static float at(const std::vector<float>& x, std::int64_t i) { return x[static_cast<std::size_t>(i)]; }
  [[nodiscard]] float inverse_rms(const std::vector<float>& x) const {
    float sum = 0;
    for (const float v : x) sum += v * v;
    return 1 / std::sqrt(sum / static_cast<float>(d_) + eps_);
  }
  void turn(std::vector<float>& x, float sign) const {
    for (std::int64_t i = 0; i < half_; ++i) {
      const float a = at(x, i), b = at(x, i + half_), c = cosine_[i], s = sign * sine_[i];
      at(x, i) = a * c - b * s;
      at(x, i + half_) = b * c + a * s;
    }
  }

  std::int64_t d_, half_;
  float eps_;
  const float* norm_;
  const float* cosine_ = nullptr;
  const float* sine_ = nullptr;
};

// Probabilities of one query of one head over the keys that it sees, keys [first, first + size).
struct Seen {
  std::int64_t first = 0;
  std::vector<float> probabilities;
};
Seen seen_by(const Attention& op, const AttentionState& state, std::int64_t segment, std::int64_t query,
             std::int64_t head) {
  const auto& r = *op.rows;
  const auto& s = op.sizes;
  const std::int64_t d = s.head_dim, kv_head = head / (s.heads / s.kv_heads);
  const std::int64_t own = r.query_starts[segment + 1] - query;  // queries from this one to the segment's end
  const std::int64_t last = r.key_starts[segment + 1] - own;
  std::int64_t first = r.key_starts[segment];
  if (s.window > 0) first = std::max(first, last - s.window + 1);
  Seen out{first, std::vector<float>(static_cast<std::size_t>(last - first + 1))};
  float largest = -std::numeric_limits<float>::infinity(), sum = 0;
  for (std::int64_t key = first; key <= last; ++key) {
    float dot = 0;
    for (std::int64_t i = 0; i < d; ++i)
      dot += read(state.q, query, head * d + i) * read(state.k, key, kv_head * d + i);
    largest = std::max(largest, out.probabilities[static_cast<std::size_t>(key - first)] = dot * s.scale);
  }
  for (auto& p : out.probabilities) sum += p = std::exp(p - largest);
  for (auto& p : out.probabilities) p /= sum;
  return out;
}

struct PlainParameters final : ParameterSet {
  std::vector<Parameter> parameters;
  float *values = nullptr, *means = nullptr, *variances = nullptr;
};

class PlainDevice final : public Device {
 public:
  PlainDevice(Element activation, std::uint64_t memory) : activation_(activation), memory_(memory) {}

  [[nodiscard]] std::string name() const override { return "plain operations"; }
  [[nodiscard]] Element activation() const override { return activation_; }
  [[nodiscard]] std::uint64_t free_bytes() const override {
    return std::min<std::uint64_t>(memory_, io::read_machine_limits().available_bytes);
  }
  void* allocate(std::size_t bytes) override {
    if (bytes > memory_) return nullptr;
    void* memory = std::calloc(std::max<std::size_t>(bytes, 1), 1);
    memory_ -= bytes;
    sizes_[memory] = bytes;
    return memory;
  }
  void release(void* memory) override {
    memory_ += sizes_[memory];
    sizes_.erase(memory);
    std::free(memory);
  }
  void upload(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void upload_rows(const View& to, const void* from) override {
    const std::int64_t width = bytes_of(to.element);
    for (std::int64_t i = 0; i < to.rows; ++i)
      std::memcpy(static_cast<std::byte*>(to.data) + i * to.stride * width,
                  static_cast<const std::byte*>(from) + i * to.columns * width,
                  static_cast<std::size_t>(to.columns * width));
  }
  void download(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void clear(void* memory, std::size_t bytes) override { std::memset(memory, 0, bytes); }
  void synchronise() override {}

  void multiply(const View& out, float alpha, const Factor& left, const Factor& right, float beta) override {
    const std::int64_t depth = left.transposed ? left.matrix.rows : left.matrix.columns;
    FW_ASSERT(depth == (right.transposed ? right.matrix.columns : right.matrix.rows));
    FW_ASSERT(out.rows == (left.transposed ? left.matrix.columns : left.matrix.rows));
    FW_ASSERT(out.columns == (right.transposed ? right.matrix.rows : right.matrix.columns));
    for (std::int64_t i = 0; i < out.rows; ++i)
      for (std::int64_t j = 0; j < out.columns; ++j) {
        float sum = 0;
        for (std::int64_t k = 0; k < depth; ++k)
          sum += (left.transposed ? read(left.matrix, k, i) : read(left.matrix, i, k)) *
                 (right.transposed ? read(right.matrix, j, k) : read(right.matrix, k, j));
        write(out, i, j, alpha * sum + (beta == 0 ? 0 : beta * read(out, i, j)));
      }
  }

  void drop(const Drop& op) override {
    std::vector<float> y(static_cast<std::size_t>(op.in.columns));
    for (std::int64_t i = 0; i < op.in.rows; ++i) {
      const auto x = row_of(op.in, i, 0, op.in.columns);
      kernels::dropout(x.data(), op.in.columns, kernels::dropout_key(static_cast<std::uint32_t>(op.keys[i]), *op.seed),
                       op.probability, y.data());
      for (std::int64_t j = 0; j < op.in.columns; ++j)
        write(op.out, i, j, y[static_cast<std::size_t>(j)] + (op.adds ? read(op.out, i, j) : 0));
    }
  }

  void embed(const Embedding& op) override {
    for (std::int64_t i = 0; i < op.out.rows; ++i)
      for (std::int64_t j = 0; j < op.out.columns; ++j) write(op.out, i, j, op.scale * read(op.table, op.tokens[i], j));
  }

  void norm(const Norm& op) override {
    const std::int64_t width = op.out.columns;
    for (std::int64_t i = 0; i < op.out.rows; ++i) {
      auto x = row_of(op.residual, i, 0, width);
      float sum = 0;
      for (std::int64_t j = 0; j < width; ++j) {
        auto& value = x[static_cast<std::size_t>(j)];
        if (op.delta.data != nullptr) write(op.residual_out, i, j, value += read(op.delta, i, j));
        sum += value * value;
      }
      const float inverse = 1 / std::sqrt(sum / static_cast<float>(width) + op.eps);
      op.inverse[i] = inverse;
      for (std::int64_t j = 0; j < width; ++j)
        write(op.out, i, j, x[static_cast<std::size_t>(j)] * inverse * op.weight[j]);
    }
  }

  void norm_gradient(const NormGradient& op) override {
    const std::int64_t width = op.input.columns;
    for (std::int64_t i = 0; i < op.input.rows; ++i) {
      float dot = 0;
      for (std::int64_t j = 0; j < width; ++j) dot += read(op.d_out, i, j) * op.weight[j] * read(op.input, i, j);
      const float inverse = op.inverse[i];
      dot *= inverse * inverse / static_cast<float>(width);
      for (std::int64_t j = 0; j < width; ++j) {
        float d = inverse * (read(op.d_out, i, j) * op.weight[j] - read(op.input, i, j) * dot);
        if (!op.replaces) d += read(op.d_residual, i, j);
        write(op.d_residual, i, j, d);
        write(op.rounded, i, j, d);
      }
    }
  }

  void gate(const Gate& op) override {
    const std::int64_t width = op.out.columns;
    for (std::int64_t i = 0; i < op.out.rows; ++i)
      for (std::int64_t j = 0; j < width; ++j)
        write(op.out, i, j, activated(read(op.gate_up, i, j), op.is_gelu).value * read(op.gate_up, i, width + j));
  }

  void gate_gradient(const GateGradient& op) override {
    const std::int64_t width = op.d_out.columns;
    for (std::int64_t i = 0; i < op.d_out.rows; ++i)
      for (std::int64_t j = 0; j < width; ++j) {
        const auto a = activated(read(op.gate_up, i, j), op.is_gelu);
        const float d = read(op.d_out, i, j);
        write(op.d_gate_up, i, j, d * read(op.gate_up, i, width + j) * a.slope);
        write(op.d_gate_up, i, width + j, d * a.value);
      }
  }

  void attend(const Attention& op, AttentionState& state, const View& out) override {
    form_heads(op, state);
    const std::int64_t d = op.sizes.head_dim, group = op.sizes.heads / op.sizes.kv_heads;
    for (std::int64_t s = 0; s < op.rows->segments; ++s)
      for (std::int64_t t = op.rows->query_starts[s]; t < op.rows->query_starts[s + 1]; ++t)
        for (std::int64_t head = 0; head < op.sizes.heads; ++head) {
          const auto seen = seen_by(op, state, s, t, head);
          for (std::int64_t i = 0; i < d; ++i) {
            float sum = 0;
            for (std::size_t key = 0; key < seen.probabilities.size(); ++key)
              sum += seen.probabilities[key] *
                     read(state.v, seen.first + static_cast<std::int64_t>(key), head / group * d + i);
            write(out, t, head * d + i, sum);
          }
        }
  }

  void attend_gradient(const AttentionGradient& op, const AttentionState& state) override {
    const auto& f = op.forward;
    const std::int64_t d = f.sizes.head_dim, group = f.sizes.heads / f.sizes.kv_heads;
    const std::int64_t kv_width = f.sizes.kv_heads * d, q_width = f.sizes.heads * d;
    std::vector<float> dq(static_cast<std::size_t>(f.rows->tokens * q_width));
    std::vector<float> dk(static_cast<std::size_t>(f.rows->gathered * kv_width)), dv(dk.size());
    for (std::int64_t s = 0; s < f.rows->segments; ++s)
      for (std::int64_t t = f.rows->query_starts[s]; t < f.rows->query_starts[s + 1]; ++t)
        for (std::int64_t head = 0; head < f.sizes.heads; ++head) {
          const auto seen = seen_by(f, state, s, t, head);
          const auto d_out = row_of(op.d_out, t, head * d, d);
          const std::int64_t column = head / group * d;
          std::vector<float> dp(seen.probabilities.size());
          float mean = 0;
          for (std::size_t key = 0; key < dp.size(); ++key) {
            const std::int64_t row = seen.first + static_cast<std::int64_t>(key);
            for (std::int64_t i = 0; i < d; ++i) {
              const float g = d_out[static_cast<std::size_t>(i)];
              dp[key] += g * read(state.v, row, column + i);
              dv[static_cast<std::size_t>(row * kv_width + column + i)] += seen.probabilities[key] * g;
            }
            mean += seen.probabilities[key] * dp[key];
          }
          for (std::size_t key = 0; key < dp.size(); ++key) {
            const std::int64_t row = seen.first + static_cast<std::int64_t>(key);
            const float ds = seen.probabilities[key] * (dp[key] - mean) * f.sizes.scale;
            for (std::int64_t i = 0; i < d; ++i) {
              dq[static_cast<std::size_t>(t * q_width + head * d + i)] += ds * read(state.k, row, column + i);
              dk[static_cast<std::size_t>(row * kv_width + column + i)] += ds * read(state.q, t, head * d + i);
            }
          }
        }
    spread_heads(op, dq, dk, dv);
  }

  void cross_entropy(const CrossEntropy& op) override {
    for (std::int64_t i = 0; i < op.logits.rows; ++i) cross_entropy_of_row(op, i);
  }

  void take_rows(const View& in, const std::int32_t* index, const View& out) override {
    for (std::int64_t i = 0; i < out.rows; ++i)
      for (std::int64_t j = 0; j < out.columns; ++j) write(out, i, j, read(in, index[i], j));
  }
  void sum_rows(const View& in, const std::int32_t* starts, const View& out) override {
    for (std::int64_t i = 0; i < out.rows; ++i)
      for (std::int64_t j = 0; j < out.columns; ++j) {
        float sum = 0;
        for (std::int64_t row = starts[i]; row < starts[i + 1]; ++row) sum += read(in, row, j);
        write(out, i, j, sum);
      }
  }

  std::unique_ptr<ParameterSet> own(const Parameter* parameters, std::size_t count, float* values, float* means,
                                    float* variances) override {
    auto set = std::make_unique<PlainParameters>();
    set->parameters.assign(parameters, parameters + count);
    set->values = values;
    set->means = means;
    set->variances = variances;
    return set;
  }
  void spread(ParameterSet& parameters) override {
    const auto& set = static_cast<PlainParameters&>(parameters);
    for (const auto& p : set.parameters)
      for (std::int64_t i = 0; i < p.rows; ++i)
        for (std::int64_t j = 0; j < p.columns; ++j)
          write(p.copy, i, j, p.copy_scale * set.values[p.offset + i * p.columns + j]);
  }
  void adamw(ParameterSet& parameters, const AdamWStep& step, float* norm) override {
    const auto& set = static_cast<PlainParameters&>(parameters);
    double squares = 0;
    for (const auto& p : set.parameters)
      for (std::int64_t i = 0; i < p.rows; ++i)
        for (std::int64_t j = 0; j < p.columns; ++j) {
          const double g = read(p.gradient, i, j);
          squares += g * g;
        }
    norm[0] = static_cast<float>(std::sqrt(squares));
    if (!std::isfinite(norm[0])) return;
    const float clip = step.clip_norm > 0 ? std::min(1.0F, step.clip_norm / (norm[0] + 1e-6F)) : 1.0F;
    for (const auto& p : set.parameters)
      for (std::int64_t i = 0; i < p.rows; ++i)
        for (std::int64_t j = 0; j < p.columns; ++j) {
          const std::int64_t at = p.offset + i * p.columns + j;
          const float g = clip * read(p.gradient, i, j);
          float &value = set.values[at], &mean = set.means[at], &variance = set.variances[at];
          mean += step.rest1 * (g - mean);
          variance = step.beta2 * variance + step.rest2 * g * g;
          value -= step.learning_rate * step.weight_decay * value;
          value -= step.learning_rate / step.correction1 * mean / (std::sqrt(variance) / step.correction2 + step.eps);
        }
    spread(parameters);
  }

  std::unique_ptr<Recording> record(std::function<void()> work) override {
    struct Again final : Recording {
      explicit Again(std::function<void()> w) : work(std::move(w)) {}
      void replay() override { work(); }
      std::function<void()> work;
    };
    return std::make_unique<Again>(std::move(work));
  }

 private:
  static void form_heads(const Attention& op, AttentionState& state) {
    const auto& s = op.sizes;
    const std::int64_t d = s.head_dim, q_width = s.heads * d, kv_width = s.kv_heads * d;
    const auto put = [&](const View& to, std::int64_t row, std::int64_t head, std::vector<float> x) {
      for (std::int64_t i = 0; i < d; ++i) write(to, row, head * d + i, x[static_cast<std::size_t>(i)]);
    };
    for (std::int64_t t = 0; t < op.rows->tokens; ++t)
      for (std::int64_t head = 0; head < s.heads; ++head) {
        auto x = row_of(op.qkv, t, head * d, d);
        HeadForm(op, op.q_norm, op.rows->positions[t]).apply(x);
        put(state.q, t, head, std::move(x));
      }
    for (std::int64_t g = 0; g < op.rows->gathered; ++g)
      for (std::int64_t head = 0; head < s.kv_heads; ++head) {
        const std::int64_t token = op.rows->sources[g];
        auto x = row_of(op.qkv, token, q_width + head * d, d);
        HeadForm(op, op.k_norm, op.rows->key_positions[g]).apply(x);
        put(state.k, g, head, std::move(x));
        put(state.v, g, head, row_of(op.qkv, token, q_width + kv_width + head * d, d));
      }
  }

  // Gradients of q, k and v back to the product they came from; a token's keys were gathered once for each segment that
  // sees it.
  static void spread_heads(const AttentionGradient& op, const std::vector<float>& dq, const std::vector<float>& dk,
                           const std::vector<float>& dv) {
    const auto& f = op.forward;
    const auto& r = *f.rows;
    const std::int64_t d = f.sizes.head_dim, heads = f.sizes.heads, kv_heads = f.sizes.kv_heads;
    const auto put = [&](std::int64_t t, std::int64_t column, const std::vector<float>& x) {
      for (std::int64_t i = 0; i < d; ++i) write(op.d_qkv, t, column + i, x[static_cast<std::size_t>(i)]);
    };
    const auto summed = [&](const std::vector<float>& from, std::int64_t t, std::int64_t head) {
      std::vector<float> sum(static_cast<std::size_t>(d));
      for (std::int64_t s = r.first_users[t]; s < r.last_users[t]; ++s)
        for (std::int64_t i = 0; i < d; ++i)
          sum[static_cast<std::size_t>(i)] +=
              from[static_cast<std::size_t>(((r.key_starts[s] + r.positions[t]) * kv_heads + head) * d + i)];
      return sum;
    };
    for (std::int64_t t = 0; t < r.tokens; ++t) {
      for (std::int64_t head = 0; head < heads; ++head) {
        const auto begin = dq.begin() + (t * heads + head) * d;
        std::vector<float> x(begin, begin + d);
        HeadForm(f, f.q_norm, r.positions[t]).gradient(row_of(f.qkv, t, head * d, d), x);
        put(t, head * d, x);
      }
      for (std::int64_t head = 0; head < kv_heads; ++head) {
        auto x = summed(dk, t, head);
        HeadForm(f, f.k_norm, r.positions[t]).gradient(row_of(f.qkv, t, (heads + head) * d, d), x);
        put(t, (heads + head) * d, x);
        put(t, (heads + kv_heads + head) * d, summed(dv, t, head));
      }
    }
  }

  static void cross_entropy_of_row(const CrossEntropy& op, std::int64_t i) {
    const std::int64_t vocab = op.logits.columns;
    const std::int32_t target = op.targets[i];
    auto x = row_of(op.logits, i, 0, vocab);
    float largest = -std::numeric_limits<float>::infinity();
    std::int64_t best = 0;
    for (std::int64_t j = 0; j < vocab; ++j) {
      auto& value = x[static_cast<std::size_t>(j)];
      if (op.cap > 0) value = op.cap * std::tanh(value / op.cap);
      if (value > largest) largest = value, best = j;
    }
    double sum = 0;
    for (const float value : x) sum += std::exp(static_cast<double>(value - largest));
    const auto log_sum = static_cast<float>(std::log(sum));
    op.losses[i] = target < 0 ? 0 : log_sum + largest - x[static_cast<std::size_t>(target)];
    op.hits[i] = target == best ? 1 : 0;
    if (op.d_logits.data == nullptr) return;
    for (std::int64_t j = 0; j < vocab; ++j) {
      const float value = x[static_cast<std::size_t>(j)];
      float g = std::exp(value - largest - log_sum) - (j == target ? 1.0F : 0.0F);
      if (op.cap > 0) g *= 1 - value / op.cap * (value / op.cap);
      write(op.d_logits, i, j, target < 0 ? 0 : *op.scale * g);
    }
  }

  Element activation_;
  std::uint64_t memory_;
  std::map<void*, std::size_t> sizes_;
};

}  // namespace

std::unique_ptr<Device> make_plain_device(Element activation, std::uint64_t memory) {
  return std::make_unique<PlainDevice>(activation, memory);
}

}  // namespace fw::trainer
