#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fw::trainer {

/// What an accelerator keeps activations and frozen matrices in. Sums, norms' statistics, the residual stream, the
/// adapter's masters and its optimiser are fp32 in either.
enum class Element : std::uint8_t { kFp32, kBf16 };
[[nodiscard]] constexpr std::int64_t bytes_of(Element element) { return element == Element::kBf16 ? 2 : 4; }

/// A matrix in a device's memory, row-major; rows may be parts of longer ones.
struct View {
  void* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t stride = 0;  ///< elements from one row to the next
  Element element = Element::kFp32;

  [[nodiscard]] View rows_from(std::int64_t first, std::int64_t count) const {
    return {static_cast<std::byte*>(data) + first * stride * bytes_of(element), count, columns, stride, element};
  }
  [[nodiscard]] View columns_from(std::int64_t first, std::int64_t count) const {
    return {static_cast<std::byte*>(data) + first * bytes_of(element), rows, count, stride, element};
  }
};

struct Factor {
  View matrix;
  bool transposed = false;
};

/// Hidden states of embedded tokens, fp32.
struct Embedding {
  const std::int32_t* tokens;
  View table;
  View out;  ///< fp32
  float scale;
};

/// residual_out = residual + delta; out = residual_out * inverse * weight, inverse = 1 / rms of each row.
struct Norm {
  View residual;  ///< fp32
  View delta;     ///< activations; data null: nothing is added, and residual_out is not written
  View residual_out;
  const float* weight;
  float eps;
  View out;  ///< activations
  float* inverse;
};

/// d_residual (fp32) gets the gradient of a norm's input, added to what it holds unless `replaces`; `rounded` is then
/// the sum as activations.
struct NormGradient {
  View d_out;  ///< activations
  View input;  ///< fp32: residual_out of forward
  const float* weight;
  const float* inverse;
  View d_residual;
  View rounded;
  bool replaces;
};

/// gate | up -> activation(gate) * up.
struct Gate {
  View gate_up;
  View out;
  bool is_gelu;
};
struct GateGradient {
  View gate_up;
  View d_out;
  View d_gate_up;
  bool is_gelu;
};

/// Rows of a token tree as attention sees them: a segment's queries are its own tokens, its keys those of every
/// segment on its path and its own, gathered so that the key at index i of a segment has position i. All arrays lie on
/// the device.
struct AttentionRows {
  std::int64_t tokens = 0;    ///< queries, padding with them
  std::int64_t gathered = 0;  ///< keys, padding with them
  std::int64_t segments = 0;
  std::int64_t longest_query = 0;
  std::int64_t longest_key = 0;
  const std::int32_t* query_starts = nullptr;   ///< [segments + 1]
  const std::int32_t* key_starts = nullptr;     ///< [segments + 1]
  const std::int32_t* sources = nullptr;        ///< [gathered]: the token that each key is of
  const std::int32_t* key_positions = nullptr;  ///< [gathered]
  const std::int32_t* positions = nullptr;      ///< [tokens]
  const std::int32_t* first_users = nullptr;    ///< [tokens]: the segments that see a token are first_users[t] ..
  const std::int32_t* last_users = nullptr;     ///< .. last_users[t] - 1
};

/// Elements of `in` dropped with `probability`, the others scaled up: which, is drawn from the column, its row's key
/// and a seed, as model/ops.h draws them. `adds`: to what `out` holds.
struct Drop {
  View in;
  View out;
  const std::int32_t* keys;
  const std::uint32_t* seed;
  float probability;
  bool adds;
};

struct AttentionSizes {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t rotated = 0;  ///< elements of a head; 0: no rotation
  std::int64_t window = 0;   ///< 0: every earlier token is seen
  float scale = 0;
  float eps = 0;  ///< of the heads' norms
};

/// What a layer's attention keeps for its backward.
struct AttentionState {
  View q;                      ///< [tokens, heads * head_width], rotated
  View k, v;                   ///< [gathered, kv_heads * head_width], k rotated
  std::shared_ptr<void> kept;  ///< the device's own
};

struct Attention {
  const AttentionRows* rows;
  AttentionSizes sizes;
  View qkv;             ///< [tokens, (heads + 2 kv_heads) * head_dim]
  const float* cosine;  ///< [positions, rotated / 2]
  const float* sine;
  const float* q_norm;  ///< [head_dim] or null
  const float* k_norm;
};

/// d_out -> d_qkv, both as activations.
struct AttentionGradient {
  Attention forward;
  View d_out;
  View d_qkv;
};

/// Loss of logits (fp32) of some rows; a target below zero is padding, without loss. d_logits = *scale * gradient,
/// written when it has data.
struct CrossEntropy {
  View logits;
  const std::int32_t* targets;
  float cap;  ///< logits are cap * tanh(logit / cap); 0: as they are
  const float* scale;
  View d_logits;
  float* losses;
  std::uint8_t* hits;  ///< the target has the highest logit
};

/// One trained matrix: fp32 masters and moments lie at `offset` of the flat buffers, its gradient in a matrix that may
/// be wider, and a copy for products, times `copy_scale`, is kept among the frozen weights.
struct Parameter {
  std::int64_t offset = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  View gradient;
  View copy;
  float copy_scale = 1;
};

struct AdamWStep {
  float learning_rate = 0;
  float beta2 = 0.999F;
  float rest1 = 0.1F;  ///< 1 - beta1; in fp32 1 - 0.999F would be off by 1.3e-5 of itself
  float rest2 = 0.001F;
  float eps = 1e-8F;
  float weight_decay = 0;
  float clip_norm = 0;    ///< 0: no clipping
  float correction1 = 1;  ///< 1 - beta1^step
  float correction2 = 1;  ///< sqrt(1 - beta2^step)
};

/// The trained parameters with everything that the optimiser keeps.
class ParameterSet {
 public:
  virtual ~ParameterSet() = default;
};

/// An accelerator: memory, matrix products, and the operations of a decoder's forward and backward pass. Operations
/// run in the order of their calls; download and synchronise wait for them. Not thread-safe.
class Device {
 public:
  virtual ~Device() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Element activation() const = 0;
  /// Elements that a head of `head_dim` takes in AttentionState; those behind its own are zero.
  [[nodiscard]] virtual std::int64_t head_width(std::int64_t head_dim) const { return head_dim; }

  [[nodiscard]] virtual std::uint64_t free_bytes() const = 0;
  /// Null when there is no room. Zeroed.
  [[nodiscard]] virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) = 0;
  /// `from` can be changed when upload returns.
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  /// Rows of `to.columns` elements each, one behind another, in to's element type.
  virtual void upload_rows(const View& to, const void* from) = 0;
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  virtual void clear(void* memory, std::size_t bytes) = 0;
  virtual void synchronise() = 0;

  /// out = alpha * left right + beta * out.
  virtual void multiply(const View& out, float alpha, const Factor& left, const Factor& right, float beta) = 0;

  /// The same, beside what is launched after it, until `join`: neither its factors nor `out` may be written before.
  virtual void multiply_aside(const View& out, float alpha, const Factor& left, const Factor& right, float beta) {
    multiply(out, alpha, left, right, beta);
  }
  virtual void join() {}

  virtual void drop(const Drop& op) = 0;
  virtual void embed(const Embedding& op) = 0;
  virtual void norm(const Norm& op) = 0;
  virtual void norm_gradient(const NormGradient& op) = 0;
  virtual void gate(const Gate& op) = 0;
  virtual void gate_gradient(const GateGradient& op) = 0;
  virtual void attend(const Attention& op, AttentionState& state, const View& out) = 0;
  virtual void attend_gradient(const AttentionGradient& op, const AttentionState& state) = 0;
  virtual void cross_entropy(const CrossEntropy& op) = 0;
  /// out row i = in row index[i].
  virtual void take_rows(const View& in, const std::int32_t* index, const View& out) = 0;
  /// out row i = sum of the rows starts[i] .. starts[i + 1] - 1 of in.
  virtual void sum_rows(const View& in, const std::int32_t* starts, const View& out) = 0;

  [[nodiscard]] virtual std::unique_ptr<ParameterSet> own(const Parameter* parameters, std::size_t count, float* values,
                                                          float* means, float* variances) = 0;
  /// Writes the copies of every parameter.
  virtual void spread(ParameterSet& parameters) = 0;
  /// norm[0] = the norm of all gradients; nothing else changes when that is no finite number.
  virtual void adamw(ParameterSet& parameters, const AdamWStep& step, float* norm) = 0;

  /// What was launched by a piece of work, to be launched again with the same arguments.
  class Recording {
   public:
    virtual ~Recording() = default;
    virtual void replay() = 0;
  };
  /// Records `work` without running it: it must launch operations and nothing else. Null where it cannot be recorded.
  [[nodiscard]] virtual std::unique_ptr<Recording> record(std::function<void()> work) = 0;
};

}  // namespace fw::trainer
