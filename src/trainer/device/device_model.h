#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trainer/device/batch.h"
#include "trainer/device/device_weights.h"

namespace fw::trainer {

/// Refuses what no device's operations cover, by name.
[[nodiscard]] Status check_on_device(const ModelConfig& config);

/// The decoder's forward and backward pass on a device. Buffers grow with the largest batch and are kept; batches of a
/// shape that comes again are recorded and replayed. Weights and device must outlive it. Not thread-safe.
///
/// Invariants:
/// 1. Columns of a product's input behind what is written there hold one (the bias's), or what M has zeros for.
/// 2. Padding's gradients are zero: no term depends on it.
class DeviceModel final {
 public:
  DeviceModel(Device& device, DeviceWeights& weights, int first_layer);
  ~DeviceModel();

  /// Of each layer only its input is kept, and backward computes the rest again.
  void set_recomputation(bool on);
  /// Dropout on the adapter's inputs in training; zero turns it off.
  void set_dropout(double probability, std::uint64_t seed);
  void set_recording(bool on) { records_ = on; }

  struct Terms {
    double loss = 0;                 ///< summed
    std::vector<float> losses;       ///< per term of the tree
    std::vector<std::uint8_t> hits;  ///< per term: the target has the highest logit
  };
  /// Forward and backward: gradients of `scale` times the loss are added to the weights'. `hidden`: states before the
  /// first trained layer, fp32 [tokens, hidden] in host memory; null: computed. Throws DeviceMemoryExhausted.
  Terms train(const TokenTree& tree, double scale, const float* hidden = nullptr);
  /// Forward alone.
  Terms score(const TokenTree& tree, const float* hidden = nullptr);
  /// The states before layer `layer`, into host memory.
  void states_before(const TokenTree& tree, int layer, float* out);

  /// Gives the buffers back; the next batch takes new ones.
  void forget_buffers();

  /// Of the logits that are there at once, with so many terms in all.
  [[nodiscard]] static std::uint64_t logit_bytes(const ModelConfig& config, std::int64_t terms);
  /// Of buffers; weights are counted by themselves.
  [[nodiscard]] std::uint64_t bytes() const { return memory_.bytes(); }

 private:
  struct Kept;  // by a layer for its backward
  struct PostNorm;
  struct Buffers;
  enum class Pass : std::uint8_t { kTrain, kScore };
  struct Key {
    BatchShape shape;
    Pass pass = Pass::kTrain;
    bool given_states = false;
    bool drops = false;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  Terms run(const TokenTree& tree, Pass pass, double scale, const float* hidden);
  void make_room(const BatchShape& shape);
  void replay_or_launch(const Key& key);
  void launch(const Key& key);
  void embed(const BatchShape& shape);
  [[nodiscard]] View input_of_layer(int layer, std::int64_t rows) const;
  void enter(const BatchShape& shape, int layer, bool continues);
  void post_norm(const PostNorm& post, const float* weight, const View& delta);
  void post_norm_gradient(const PostNorm& post, const float* weight, const View& d_delta);
  void forward_down(const BatchShape& shape, int layer, std::int64_t rows);
  void forward_layers(const BatchShape& shape, int first, int last, bool continues);
  void forward_attention(const BatchShape& shape, int layer);
  void forward_rest(const BatchShape& shape, int layer, const View& residual, const View& attended);
  void forward_top(const BatchShape& shape, bool continues);
  void head(const BatchShape& shape, Pass pass);
  void backward(const BatchShape& shape);
  void backward_rest(const BatchShape& shape, int layer, const View& d_residual);
  void backward_attention(const BatchShape& shape, int layer);
  /// Where the dropout of a product's input is drawn from.
  struct Place {
    const std::int32_t* keys;
    const std::uint32_t* seed;
  };
  [[nodiscard]] Place place(const BatchShape& shape, int layer, int index, bool of_lines) const;
  [[nodiscard]] View adapter_input(const DeviceLinear& linear, const View& input, const Place& place);
  [[nodiscard]] std::vector<std::uint32_t> seeds() const;
  void forward_low_rank(const DeviceLinear& linear, const View& input, const Place& place);
  void forward(const DeviceLinear& linear, const View& input, const View& out, const Place& place);
  void backward(const DeviceLinear& linear, const View& input, const View& d_out, const View& d_in, const Place& place);
  [[nodiscard]] Attention attention_of(const BatchShape& shape, int layer) const;
  [[nodiscard]] Kept& kept(int layer) const;
  [[nodiscard]] const std::int32_t* array(std::int64_t offset) const;

  Device& device_;
  DeviceWeights& weights_;
  int first_layer_;
  bool recomputes_ = false;
  double dropout_ = 0;
  double recorded_dropout_ = 0;  ///< the last one above zero
  std::uint64_t dropout_seed_ = 0;
  bool drops_ = false;  ///< the pass that is launched
  bool records_ = true;
  DeviceMemory memory_;
  BatchShape room_;
  std::unique_ptr<Buffers> buffers_;
  std::map<Key, std::unique_ptr<Device::Recording>> recordings_;
  std::map<Key, int> seen_;
};

}  // namespace fw::trainer
