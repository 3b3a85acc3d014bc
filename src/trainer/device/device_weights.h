#pragma once

#include <array>
#include <vector>

#include "trainer/device/memory.h"
#include "trainer/lora/adapter.h"
#include "trainer/model/model.h"

namespace fw::trainer {

/// A linear layer with its low-rank addition as one matrix, so that neither costs a pass over the output:
///
///                     in      bias   rank
///     out          |  W    |  bias | s * B |     y  = [x | 1 | x A^T] (these rows)^T
///     rank         |  A    |       |       |     dx = [dy | dy s B] (these columns)
///
/// Joined layers (q, k, v; gate, up) have the A of each below one another and the B of each in columns of its own.
/// Without a bias there are no columns for it; columns and rows are padded to multiples of eight with zeros.
struct DeviceLinear {
  View matrix;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t bias = 0;    ///< columns for it: 0 or 8
  std::int64_t rank = 0;    ///< of all additions together; 0: none
  std::int64_t padded = 0;  ///< columns and rows for them
  View a_gradient;          ///< [rank, in], fp32
  View b_gradient;          ///< [out, rank], fp32; only what belongs to an addition means something

  [[nodiscard]] std::int64_t input_width() const { return in + bias + padded; }
  [[nodiscard]] std::int64_t output_width() const { return out + padded; }
};

struct DeviceLayer {
  float *attention_norm = nullptr, *feed_forward_norm = nullptr;
  float *attention_post_norm = nullptr, *feed_forward_post_norm = nullptr;  ///< null without ModelConfig::post_norms
  float *q_norm = nullptr, *k_norm = nullptr;
  DeviceLinear qkv, out, gate_up, down;
};

/// A decoder's frozen weights and its adapter on a device, with the adapter's gradients and what AdamW keeps of it.
/// Reads weights and adapter when it is made; the device must outlive it. Throws DeviceMemoryExhausted.
class DeviceWeights final {
 public:
  /// `adapter` may be null. Layers below its first one have nothing but their weights.
  DeviceWeights(Device& device, const ModelWeights& weights, const Adapter* adapter, std::int64_t longest_position);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const DeviceLayer& layer(int index) const { return layers_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const View& embedding() const { return embedding_; }
  [[nodiscard]] const View& head() const { return head_; }
  [[nodiscard]] const float* final_norm() const { return final_norm_; }
  [[nodiscard]] float scale() const { return scale_; }
  [[nodiscard]] bool is_trained(int layer) const { return layers_[static_cast<std::size_t>(layer)].qkv.padded > 0; }
  struct Rope {
    const float* cosine = nullptr;
    const float* sine = nullptr;
  };
  [[nodiscard]] const Rope& rope(LayerRope rope) const { return ropes_[static_cast<std::size_t>(rope)]; }
  [[nodiscard]] std::uint64_t bytes() const { return memory_.bytes(); }

  void clear_gradients();
  /// Returns the norm of the gradients before clipping; waits for the device.
  double step(const AdamWStep& step);

  /// The adapter's tensors in Adapter::named()'s order, from or into host memory.
  enum class State : std::uint8_t { kValues, kMeans, kVariances, kGradients };
  void read(State state, std::vector<at::Tensor>& tensors);
  void write(State state, const std::vector<at::Tensor>& tensors);

 private:
  struct Part {
    Projection projection;
    std::int64_t offset;
  };
  [[nodiscard]] DeviceLinear make_linear(const at::Tensor& weight, const at::Tensor& bias, int layer,
                                         std::initializer_list<Part> parts, bool is_trained);
  [[nodiscard]] float* upload_floats(const at::Tensor& tensor);
  [[nodiscard]] View upload_matrix(const at::Tensor& tensor);
  void fill(const View& to, const at::Tensor& tensor);

  Device& device_;
  DeviceMemory memory_;
  ModelConfig config_;
  const Adapter* adapter_;
  std::vector<DeviceLayer> layers_;
  View embedding_, head_;
  float* final_norm_ = nullptr;
  float scale_ = 1;
  std::array<Rope, 3> ropes_;
  /// Of each tensor of the adapter, in the order of named().
  std::vector<Parameter> parameters_;
  std::int64_t parameter_count_ = 0, gradient_count_ = 0;
  float *values_ = nullptr, *means_ = nullptr, *variances_ = nullptr, *gradients_ = nullptr, *norm_ = nullptr;
  std::int64_t next_gradient_ = 0;
  std::unique_ptr<ParameterSet> set_;
};

}  // namespace fw::trainer
