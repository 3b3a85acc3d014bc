#include "trainer/device/device_weights.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>

#include <algorithm>

#include "base/assert.h"

namespace fw::trainer {
namespace {

constexpr std::int64_t kAlignment = 8;  // elements: products want rows that begin at multiples of 16 bytes

std::int64_t padded(std::int64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

at::ScalarType scalar_type(Element element) { return element == Element::kBf16 ? at::kBFloat16 : at::kFloat; }

}  // namespace

DeviceWeights::DeviceWeights(Device& device, const ModelWeights& weights, const Adapter* adapter,
                             std::int64_t longest_position)
    : device_(device), memory_(device), config_(weights.config), adapter_(adapter) {
  const std::int64_t layers = config_.layers;
  if (adapter != nullptr) {
    scale_ = static_cast<float>(adapter->settings.scale());
    for (const auto& item : adapter->named()) parameter_count_ += item.tensor.numel();
    values_ = memory_.floats(parameter_count_);
    means_ = memory_.floats(parameter_count_);
    variances_ = memory_.floats(parameter_count_);
    norm_ = memory_.floats(1);
    // The gradient of a joined B has columns for every part's rank.
    const std::int64_t width = config_.q_size() + 2 * config_.kv_size();
    const std::int64_t rank = adapter->settings.rank;
    const std::int64_t of_layer =
        rank * (3 * (config_.hidden + width) + config_.q_size() + config_.hidden +
                2 * (config_.hidden + 2 * config_.feed_forward) + config_.feed_forward + config_.hidden);
    gradient_count_ = of_layer * (layers - adapter->settings.first_layer);
    gradients_ = memory_.floats(gradient_count_);
  }
  embedding_ = upload_matrix(weights.embedding);
  head_ = weights.head.is_same(weights.embedding) ? embedding_ : upload_matrix(weights.head);
  final_norm_ = upload_floats(weights.final_norm);
  for (int i = 0; i < layers; ++i) {
    const auto& w = weights.layers[static_cast<std::size_t>(i)];
    const bool is_trained = adapter != nullptr && i >= adapter->settings.first_layer;
    DeviceLayer layer;
    layer.attention_norm = upload_floats(w.attention_norm);
    layer.feed_forward_norm = upload_floats(w.feed_forward_norm);
    layer.attention_post_norm = upload_floats(w.attention_post_norm);
    layer.feed_forward_post_norm = upload_floats(w.feed_forward_post_norm);
    layer.q_norm = upload_floats(w.q_norm);
    layer.k_norm = upload_floats(w.k_norm);
    layer.qkv = make_linear(w.qkv, w.qkv_bias, i,
                            {{Projection::kQuery, 0},
                             {Projection::kKey, config_.q_size()},
                             {Projection::kValue, config_.q_size() + config_.kv_size()}},
                            is_trained);
    layer.out = make_linear(w.out, w.out_bias, i, {{Projection::kOutput, 0}}, is_trained);
    layer.gate_up = make_linear(w.gate_up, w.gate_up_bias, i,
                                {{Projection::kGate, 0}, {Projection::kUp, config_.feed_forward}}, is_trained);
    layer.down = make_linear(w.down, w.down_bias, i, {{Projection::kDown, 0}}, is_trained);
    layers_.push_back(layer);
  }
  for (int i = 0; i < layers; ++i) {
    const auto kind = config_.kind(i).rope;
    auto& rope = ropes_[static_cast<std::size_t>(kind)];
    if (rope.cosine != nullptr || kind == LayerRope::kNone) continue;
    const auto table = make_rope_table(config_, longest_position, kind);
    rope = {upload_floats(table.cosine), upload_floats(table.sine)};
  }
  if (adapter == nullptr) return;
  set_ = device_.own(parameters_.data(), parameters_.size(), values_, means_, variances_);
  std::vector<at::Tensor> tensors;
  for (const auto& item : adapter->named()) tensors.push_back(item.tensor);
  write(State::kValues, tensors);
  adapter_ = nullptr;
}

float* DeviceWeights::upload_floats(const at::Tensor& tensor) {
  if (!tensor.defined()) return nullptr;
  const auto values = tensor.detach().to(at::kFloat).contiguous();
  float* to = memory_.floats(values.numel());
  device_.upload(to, values.const_data_ptr(), values.nbytes());
  return to;
}

View DeviceWeights::upload_matrix(const at::Tensor& tensor) {
  const auto to = memory_.matrix(tensor.size(0), tensor.size(1), device_.activation());
  fill(to, tensor);
  return to;
}

void DeviceWeights::fill(const View& to, const at::Tensor& tensor) {
  const auto values = tensor.detach().to(scalar_type(to.element)).contiguous();
  FW_ASSERT(values.numel() == to.rows * to.columns);
  device_.upload_rows(to, values.const_data_ptr());
}

DeviceLinear DeviceWeights::make_linear(const at::Tensor& weight, const at::Tensor& bias, int layer,
                                        std::initializer_list<Part> parts, bool is_trained) {
  DeviceLinear linear;
  linear.out = weight.size(0);
  linear.in = weight.size(1);
  linear.bias = bias.defined() ? kAlignment : 0;
  if (is_trained) {
    for (const auto& part : parts)
      if (const auto& pair = adapter_->at(layer, part.projection); pair.a.defined()) linear.rank += pair.a.size(0);
    // The same in every layer, so that layers share their buffers.
    linear.padded = padded(adapter_->settings.rank * static_cast<std::int64_t>(parts.size()));
    FW_ASSERT(linear.rank <= linear.padded);
  }
  linear.matrix = memory_.matrix(linear.out + linear.padded, linear.input_width(), device_.activation());
  fill(linear.matrix.rows_from(0, linear.out).columns_from(0, linear.in), weight);
  if (bias.defined()) fill(linear.matrix.rows_from(0, linear.out).columns_from(linear.in, 1), bias);
  if (linear.rank == 0) return linear;

  const auto gradient = [&](std::int64_t rows, std::int64_t columns) {
    const View view{gradients_ + next_gradient_, rows, columns, columns, Element::kFp32};
    next_gradient_ += rows * columns;
    FW_ASSERT(next_gradient_ <= gradient_count_);
    return view;
  };
  linear.a_gradient = gradient(linear.rank, linear.in);
  linear.b_gradient = gradient(linear.out, linear.rank);
  std::int64_t offset =
      parameters_.empty() ? 0 : parameters_.back().offset + parameters_.back().rows * parameters_.back().columns;
  std::int64_t column = 0;
  for (const auto& part : parts) {
    const auto& pair = adapter_->at(layer, part.projection);
    if (!pair.a.defined()) continue;
    const std::int64_t rank = pair.a.size(0), rows = pair.b.size(0);
    parameters_.push_back({offset, rank, linear.in, linear.a_gradient.rows_from(column, rank),
                           linear.matrix.rows_from(linear.out + column, rank).columns_from(0, linear.in), 1});
    offset += rank * linear.in;
    parameters_.push_back(
        {offset, rows, rank, linear.b_gradient.rows_from(part.offset, rows).columns_from(column, rank),
         linear.matrix.rows_from(part.offset, rows).columns_from(linear.in + linear.bias + column, rank), scale_});
    offset += rows * rank;
    column += rank;
  }
  return linear;
}

void DeviceWeights::clear_gradients() { device_.clear(gradients_, static_cast<std::size_t>(gradient_count_) * 4); }

double DeviceWeights::step(const AdamWStep& step) {
  device_.adamw(*set_, step, norm_);
  float norm = 0;
  device_.download(&norm, norm_, sizeof norm);
  return static_cast<double>(norm);
}

void DeviceWeights::read(State state, std::vector<at::Tensor>& tensors) {
  FW_ASSERT(tensors.size() == parameters_.size());
  if (state == State::kGradients) {
    std::vector<float> all(static_cast<std::size_t>(gradient_count_));
    device_.download(all.data(), gradients_, all.size() * 4);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto& p = parameters_[i];
      const float* from = all.data() + (static_cast<const float*>(p.gradient.data) - gradients_);
      auto* to = const_cast<float*>(tensors[i].const_data_ptr<float>());
      for (std::int64_t row = 0; row < p.rows; ++row)
        std::copy_n(from + row * p.gradient.stride, p.columns, to + row * p.columns);
    }
    return;
  }
  const float* from = state == State::kValues ? values_ : state == State::kMeans ? means_ : variances_;
  std::vector<float> all(static_cast<std::size_t>(parameter_count_));
  device_.download(all.data(), from, all.size() * 4);
  for (std::size_t i = 0; i < tensors.size(); ++i)
    std::copy_n(all.data() + parameters_[i].offset, tensors[i].numel(),
                const_cast<float*>(tensors[i].const_data_ptr<float>()));
}

void DeviceWeights::write(State state, const std::vector<at::Tensor>& tensors) {
  FW_ASSERT(tensors.size() == parameters_.size() && state != State::kGradients);
  std::vector<float> all(static_cast<std::size_t>(parameter_count_));
  for (std::size_t i = 0; i < tensors.size(); ++i)
    std::copy_n(tensors[i].const_data_ptr<float>(), tensors[i].numel(), all.data() + parameters_[i].offset);
  float* to = state == State::kValues ? values_ : state == State::kMeans ? means_ : variances_;
  device_.upload(to, all.data(), all.size() * 4);
  if (state == State::kValues) device_.spread(*set_);
}

}  // namespace fw::trainer
