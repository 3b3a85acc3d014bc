#include "trainer/device/device_model.h"

#include <ATen/ops/ones.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/assert.h"
#include "trainer/device/device_buffers.h"

namespace fw::trainer {
namespace {

// Logits are made so many bytes at a time: fp32 beside their gradients.
constexpr std::int64_t kLogitBytes = 768LL << 20;
// Recordings kept at once; each holds its launches' arguments.
constexpr std::size_t kRecordings = 64;

// An fp32 logit and its gradient take six bytes.
std::int64_t logit_rows(const ModelConfig& config) {
  return std::max<std::int64_t>(kLogitBytes / (config.vocab * 6), 16);
}

bool covers(const BatchShape& room, const BatchShape& shape) {
  return room.tokens >= shape.tokens && room.gathered >= shape.gathered && room.segments >= shape.segments &&
         room.lines >= shape.lines && room.terms >= shape.terms;
}

}  // namespace

Status check_on_device(const ModelConfig& config) {
  const auto refused = [](const std::string& what) {
    return invalid_argument("this model cannot be trained on a GPU: " + what +
                            "; train it on the processor (device: cpu)");
  };
  if (config.attention_cap > 0) return refused("it caps attention's scores");
  if (config.head_dim > 256)
    return refused("its heads have " + std::to_string(config.head_dim) + " elements; up to 256 can be");
  for (const auto width : {config.hidden, config.feed_forward, config.q_size(), config.kv_size()})
    if (width % 8 != 0) return refused("its layers are " + std::to_string(width) + " wide, no multiple of 8");
  return {};
}

DeviceModel::DeviceModel(Device& device, DeviceWeights& weights, int first_layer)
    : device_(device), weights_(weights), first_layer_(first_layer), memory_(device) {}

DeviceModel::~DeviceModel() = default;

std::uint64_t DeviceModel::logit_bytes(const ModelConfig& config, std::int64_t terms) {
  return static_cast<std::uint64_t>(std::min(logit_rows(config), terms) * config.vocab * 6);
}

void DeviceModel::set_dropout(double probability, std::uint64_t seed) {
  // Buffers and recordings are made for one probability.
  if (probability > 0 && probability != recorded_dropout_) {
    recorded_dropout_ = probability;
    forget_buffers();
  }
  dropout_ = probability;
  dropout_seed_ = seed;
}

void DeviceModel::set_recomputation(bool on) {
  if (on == recomputes_) return;
  recomputes_ = on;
  forget_buffers();
}

void DeviceModel::forget_buffers() {
  recordings_.clear();
  seen_.clear();
  buffers_.reset();
  memory_.release();
  room_ = {};
}

const std::int32_t* DeviceModel::array(std::int64_t offset) const { return buffers_->arrays + offset; }

DeviceModel::Kept& DeviceModel::kept(int layer) const {
  if (layer < first_layer_) return buffers_->frozen.front();
  return recomputes_ ? buffers_->kept.front() : buffers_->kept[static_cast<std::size_t>(layer - first_layer_)];
}

void DeviceModel::make_room(const BatchShape& shape) {
  if (covers(room_, shape)) return;
  BatchShape room;
  room.tokens = std::max(shape.tokens, room_.tokens);
  room.gathered = std::max(shape.gathered, room_.gathered);
  room.segments = std::max(shape.segments, room_.segments);
  room.lines = std::max(shape.lines, room_.lines);
  room.terms = std::max(shape.terms, room_.terms);
  forget_buffers();
  const auto& c = weights_.config();
  const Element activation = device_.activation();
  const auto& top = weights_.layer(static_cast<int>(c.layers) - 1);
  const std::int64_t tokens = room.tokens;
  auto buffers = std::make_unique<Buffers>();
  auto& b = *buffers;
  const auto matrix = [&](std::int64_t rows, std::int64_t columns) {
    return memory_.matrix(rows, columns, activation);
  };
  const auto floats = [&](std::int64_t rows, std::int64_t columns) {
    return memory_.matrix(rows, columns, Element::kFp32);
  };
  const auto input = [&](const DeviceLinear& linear, std::int64_t rows) {
    const auto view = matrix(rows, linear.input_width());
    if (linear.bias > 0) {
      const auto ones =
          at::ones({rows}, at::TensorOptions().dtype(activation == Element::kBf16 ? at::kBFloat16 : at::kFloat));
      device_.upload_rows(view.columns_from(linear.in, 1), ones.const_data_ptr());
    }
    return view;
  };
  const std::int64_t head_width = device_.head_width(c.head_dim);
  const bool keeps_qkv = top.q_norm != nullptr;
  const View shared_qkv = keeps_qkv ? View{} : matrix(tokens, top.qkv.out);
  const auto make_kept = [&] {
    Kept k;
    k.middle = floats(tokens, c.hidden);
    k.inverse1 = memory_.floats(tokens);
    k.inverse2 = memory_.floats(tokens);
    if (c.post_norms)
      for (auto* post : {&k.post1, &k.post2}) *post = {floats(tokens, c.hidden), memory_.floats(tokens)};
    k.input1 = input(top.qkv, tokens);
    k.input2 = input(top.out, tokens);
    k.input3 = input(top.gate_up, tokens);
    k.input4 = input(top.down, tokens);
    k.qkv = keeps_qkv ? matrix(tokens, top.qkv.out) : shared_qkv;
    k.gate_up = matrix(tokens, top.gate_up.out);
    k.attention.q = matrix(tokens, c.heads * head_width);
    k.attention.k = matrix(room.gathered, c.kv_heads * head_width);
    k.attention.v = matrix(room.gathered, c.kv_heads * head_width);
    return k;
  };
  for (int layer = first_layer_; layer < c.layers; ++layer) {
    b.residual.push_back(floats(tokens, c.hidden));
    if (!recomputes_ || b.kept.empty()) b.kept.push_back(make_kept());
  }
  if (first_layer_ > 0) {
    b.frozen.push_back(make_kept());
    for (auto& view : b.frozen_residual) view = floats(tokens, c.hidden);
  }
  b.delta = matrix(tokens, c.hidden);
  b.zeros = {memory_.floats(c.hidden), tokens, c.hidden, 0, Element::kFp32};
  device_.clear(b.zeros.data, static_cast<std::size_t>(c.hidden) * 4);
  b.line_residual = floats(room.lines, c.hidden);
  b.line_input2 = input(top.out, room.lines);
  b.top = matrix(room.lines, c.hidden);
  b.head_input = matrix(room.terms, c.hidden);
  b.top_inverse = memory_.floats(room.lines);
  const std::int64_t rows = std::min(logit_rows(c), room.terms);
  b.logits = floats(rows, c.vocab);
  b.d_logits = matrix(rows, c.vocab);
  // Behind one another, so that one copy fetches both.
  b.losses = static_cast<float*>(memory_.take(room.terms * 5));
  b.d_residual = floats(tokens, c.hidden);
  b.d_line_residual = floats(room.lines, c.hidden);
  b.d_qkv = matrix(tokens, top.qkv.output_width());
  b.d_out = matrix(tokens, top.out.output_width());
  b.d_gate_up = matrix(tokens, top.gate_up.output_width());
  b.d_down = matrix(tokens, top.down.output_width());
  if (recorded_dropout_ > 0)
    b.dropped = matrix(std::max(tokens, room.lines), std::max({c.hidden, c.q_size(), c.feed_forward}));
  b.d_wide = matrix(tokens, c.feed_forward);
  b.d_hidden = matrix(tokens, c.hidden);
  b.d_attended = matrix(std::max(tokens, room.lines), c.q_size());
  b.d_top = matrix(room.lines, std::max(c.hidden, c.q_size()));
  b.d_terms = matrix(room.terms, c.hidden);
  b.arrays = static_cast<std::int32_t*>(memory_.take(DeviceBatch::Layout(room, c.layers).size * 4 + 4096));
  buffers_ = std::move(buffers);
  room_ = room;
}

DeviceModel::Terms DeviceModel::train(const TokenTree& tree, double scale, const float* hidden) {
  return run(tree, Pass::kTrain, scale, hidden);
}

DeviceModel::Terms DeviceModel::score(const TokenTree& tree, const float* hidden) {
  return run(tree, Pass::kScore, 1, hidden);
}

DeviceModel::Terms DeviceModel::run(const TokenTree& tree, Pass pass, double scale, const float* hidden) {
  DeviceBatch batch(tree, weights_.config().layers);
  const auto& shape = batch.shape();
  make_room(shape);
  batch.set_scale(static_cast<float>(scale));
  const bool drops = pass == Pass::kTrain && dropout_ > 0;
  if (drops) batch.set_seeds(seeds());
  device_.upload(buffers_->arrays, batch.values().data(), batch.values().size() * 4);
  if (hidden != nullptr) {
    const auto& to = buffers_->residual.front();
    device_.upload_rows(to.rows_from(0, static_cast<std::int64_t>(tree.tokens.size())), hidden);
  }
  replay_or_launch({shape, pass, hidden != nullptr, drops});
  const auto count = static_cast<std::size_t>(shape.terms);
  std::vector<std::byte> found(count * 5);
  device_.download(found.data(), buffers_->losses, found.size());
  std::vector<float> losses(count);
  std::memcpy(losses.data(), found.data(), count * sizeof(float));
  const auto* hits = reinterpret_cast<const std::uint8_t*>(found.data() + count * sizeof(float));
  Terms terms;
  for (const auto number : batch.term_numbers()) {
    terms.losses.push_back(losses[static_cast<std::size_t>(number)]);
    terms.hits.push_back(hits[number]);
    terms.loss += static_cast<double>(terms.losses.back());
  }
  return terms;
}

// A shape is recorded when it comes a second time: the first run also sets up what products need once.
void DeviceModel::replay_or_launch(const Key& key) {
  auto found = recordings_.find(key);
  if (found == recordings_.end() && records_ && ++seen_[key] == 2 && recordings_.size() < kRecordings) {
    auto recording = device_.record([this, key] { launch(key); });
    if (recording) found = recordings_.emplace(key, std::move(recording)).first;
  }
  if (found != recordings_.end()) return found->second->replay();
  launch(key);
}

// As PackedModel draws them: of a layer, one for each input that its projections share.
std::vector<std::uint32_t> DeviceModel::seeds() const {
  std::vector<std::uint32_t> out;
  for (int layer = 0; layer < weights_.config().layers; ++layer)
    for (const auto first : {Projection::kQuery, Projection::kOutput, Projection::kGate, Projection::kDown})
      out.push_back(static_cast<std::uint32_t>(
          Random(dropout_seed_ ^ (static_cast<std::uint64_t>(layer) << 8) ^ static_cast<std::uint64_t>(first)).next()));
  return out;
}

void DeviceModel::launch(const Key& key) {
  drops_ = key.drops;
  const int last = static_cast<int>(weights_.config().layers) - 1;
  const bool continues = !key.given_states && first_layer_ > 0;
  if (!key.given_states) {
    embed(key.shape);
    forward_layers(key.shape, 0, first_layer_, false);
  }
  forward_layers(key.shape, first_layer_, last, continues);
  forward_top(key.shape, continues || last > first_layer_);
  head(key.shape, key.pass);
  if (key.pass == Pass::kTrain) backward(key.shape);
  for (auto& k : buffers_->kept) k.attention.kept.reset();
  for (auto& k : buffers_->frozen) k.attention.kept.reset();
}

// The residual stream before `layer`; below the first trained layer two buffers take turns.
View DeviceModel::input_of_layer(int layer, std::int64_t rows) const {
  const auto& view = layer < first_layer_ ? buffers_->frozen_residual[layer % 2]
                                          : buffers_->residual[static_cast<std::size_t>(layer - first_layer_)];
  return view.rows_from(0, rows);
}

void DeviceModel::embed(const BatchShape& shape) {
  const DeviceBatch::Layout at(shape, weights_.config().layers);
  device_.embed({array(at.tokens), weights_.embedding(), input_of_layer(0, shape.tokens),
                 static_cast<float>(weights_.config().embedding_scale)});
}

void DeviceModel::states_before(const TokenTree& tree, int layer, float* out) {
  const DeviceBatch batch(tree, weights_.config().layers);
  make_room(batch.shape());
  FW_ASSERT(layer == first_layer_);
  device_.upload(buffers_->arrays, batch.values().data(), batch.values().size() * 4);
  embed(batch.shape());
  forward_layers(batch.shape(), 0, first_layer_, false);
  if (first_layer_ > 0) enter(batch.shape(), first_layer_, true);
  for (auto& k : buffers_->frozen) k.attention.kept.reset();
  const auto& from = buffers_->residual.front();
  device_.download(out, from.data, tree.tokens.size() * static_cast<std::size_t>(from.columns) * sizeof(float));
}

}  // namespace fw::trainer
