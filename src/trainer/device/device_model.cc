#include "trainer/device/device_model.h"

#include <ATen/ops/ones.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/assert.h"

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

// A norm of what a layer adds to the residual stream, and what its backward needs: the input, fp32.
struct DeviceModel::PostNorm {
  View input;
  float* inverse = nullptr;
};

// What a layer keeps for its backward. With recomputation all layers share one, except for the inputs.
struct DeviceModel::Kept {
  View middle;  // residual stream behind attention
  float *inverse1 = nullptr, *inverse2 = nullptr;
  PostNorm post1, post2;                // what attention and feed-forward network add
  View input1, input2, input3, input4;  // of the four products, with columns for bias and rank
  View qkv, gate_up;
  AttentionState attention;
};

struct DeviceModel::Buffers {
  std::vector<View> residual;  // before each layer from the first trained one on
  std::vector<Kept> kept;      // of each of those; one with recomputation
  std::vector<Kept> frozen;    // one, of the layers below
  View frozen_residual[2];
  View delta;  // a product's output on its way into the residual stream
  View zeros;  // a row of them, for all rows
  // The last layer's part behind attention and what follows has lines instead of tokens.
  View line_residual, line_input2, top, head_input;
  float* top_inverse = nullptr;
  View logits, d_logits;
  float* losses = nullptr;  // and the hits behind them
  // Backward.
  View d_residual, d_line_residual;
  View d_qkv, d_out, d_gate_up, d_down;  // gradients of the products' outputs, with columns for rank
  View dropped;
  View d_wide, d_hidden, d_attended, d_top, d_terms;
  std::int32_t* arrays = nullptr;
};

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

// What the low-rank addition sees of x: x itself, or x with some elements dropped.
View DeviceModel::adapter_input(const DeviceLinear& linear, const View& input, const Place& place) {
  const auto x = input.columns_from(0, linear.in);
  if (!drops_) return x;
  const View out{buffers_->dropped.data, x.rows, linear.in, linear.in, x.element};
  device_.drop({x, out, place.keys, place.seed, static_cast<float>(dropout_), false});
  return out;
}

// The seed and the keys of the rows that go into a layer's `index`-th product; of lines instead of tokens in the top.
DeviceModel::Place DeviceModel::place(const BatchShape& shape, int layer, int index, bool of_lines) const {
  const DeviceBatch::Layout at(shape, weights_.config().layers);
  return {array(of_lines ? at.line_keys : at.keys),
          reinterpret_cast<const std::uint32_t*>(array(at.seeds)) + 4 * layer + index};
}

// x A^T, which stands behind x.
void DeviceModel::forward_low_rank(const DeviceLinear& linear, const View& input, const Place& place) {
  if (linear.rank == 0) return;
  device_.multiply(input.columns_from(linear.in + linear.bias, linear.rank), 1, {adapter_input(linear, input, place)},
                   {linear.matrix.rows_from(linear.out, linear.rank).columns_from(0, linear.in), true}, 0);
}

// out = [x | x A^T] [W | sB]^T.
void DeviceModel::forward(const DeviceLinear& linear, const View& input, const View& out, const Place& place) {
  forward_low_rank(linear, input, place);
  const std::int64_t depth = linear.in + linear.bias + (linear.rank > 0 ? linear.padded : 0);
  device_.multiply(out, 1, {input.columns_from(0, depth)},
                   {linear.matrix.rows_from(0, linear.out).columns_from(0, depth), true}, 0);
}

// d_in = [dy | dy s B] [W; A]. `d_in` without data: not needed.
void DeviceModel::backward(const DeviceLinear& linear, const View& input, const View& d_out, const View& d_in,
                           const Place& place) {
  const std::int64_t lora = linear.in + linear.bias;
  const auto dy = d_out.columns_from(0, linear.out);
  if (linear.rank > 0) {
    const auto d_low = d_out.columns_from(linear.out, linear.rank);
    device_.multiply(d_low, 1, {dy}, {linear.matrix.rows_from(0, linear.out).columns_from(lora, linear.rank)}, 0);
    // Nothing waits for the gradients: they are computed beside the way back, except what shares `dropped` with it.
    device_.multiply_aside(linear.b_gradient, weights_.scale(), {dy, true}, {input.columns_from(lora, linear.rank)}, 1);
    if (drops_) {
      device_.multiply(linear.a_gradient, 1, {d_low, true}, {adapter_input(linear, input, place)}, 1);
    } else {
      device_.multiply_aside(linear.a_gradient, 1, {d_low, true}, {input.columns_from(0, linear.in)}, 1);
    }
  }
  if (d_in.data == nullptr) return;
  // What comes back through dropped elements is dropped too, which one product for both cannot do.
  const bool apart = linear.rank > 0 && drops_;
  const std::int64_t depth = linear.out + (linear.rank > 0 && !apart ? linear.padded : 0);
  device_.multiply(d_in, 1, {d_out.columns_from(0, depth)},
                   {linear.matrix.rows_from(0, depth).columns_from(0, linear.in)}, 0);
  if (!apart) return;
  const View through{buffers_->dropped.data, d_in.rows, linear.in, linear.in, d_in.element};
  device_.multiply(through, 1, {d_out.columns_from(linear.out, linear.rank)},
                   {linear.matrix.rows_from(linear.out, linear.rank).columns_from(0, linear.in)}, 0);
  device_.drop({through, d_in, place.keys, place.seed, static_cast<float>(dropout_), true});
}

Attention DeviceModel::attention_of(const BatchShape& shape, int layer) const {
  const auto& c = weights_.config();
  const auto& w = weights_.layer(layer);
  const auto kind = c.kind(layer);
  const auto rope = weights_.rope(kind.rope);
  Attention op{};
  op.sizes.heads = c.heads;
  op.sizes.kv_heads = c.kv_heads;
  op.sizes.head_dim = c.head_dim;
  op.sizes.rotated = kind.rope == LayerRope::kNone ? 0 : c.rotary_size();
  op.sizes.window = kind.is_windowed ? c.sliding_window : 0;
  op.sizes.scale =
      static_cast<float>(c.attention_scale > 0 ? c.attention_scale : 1 / std::sqrt(static_cast<double>(c.head_dim)));
  op.sizes.eps = static_cast<float>(c.norm_eps);
  op.qkv = kept(layer).qkv.rows_from(0, shape.tokens);
  op.cosine = rope.cosine;
  op.sine = rope.sine;
  op.q_norm = w.q_norm;
  op.k_norm = w.k_norm;
  return op;
}

// From the residual stream to input1. `continues`: what the layer below adds to it is still in `delta`.
void DeviceModel::enter(const BatchShape& shape, int layer, bool continues) {
  const auto& w = weights_.layer(layer);
  auto& k = kept(layer);
  const std::int64_t tokens = shape.tokens;
  const auto input = input_of_layer(layer, tokens);
  device_.norm({.residual = continues ? kept(layer - 1).middle.rows_from(0, tokens) : input,
                .delta = continues ? buffers_->delta.rows_from(0, tokens) : View{},
                .residual_out = input,
                .weight = w.attention_norm,
                .eps = static_cast<float>(weights_.config().norm_eps),
                .out = k.input1.rows_from(0, tokens).columns_from(0, w.qkv.in),
                .inverse = k.inverse1});
}

// From input1 to input2.
void DeviceModel::forward_attention(const BatchShape& shape, int layer) {
  const auto& w = weights_.layer(layer);
  auto& k = kept(layer);
  const std::int64_t tokens = shape.tokens;
  forward(w.qkv, k.input1.rows_from(0, tokens), k.qkv.rows_from(0, tokens), place(shape, layer, 0, false));
  const auto rows = attention_rows(shape, weights_.config().layers, buffers_->arrays);
  auto op = attention_of(shape, layer);
  op.rows = &rows;
  device_.attend(op, k.attention, k.input2.rows_from(0, tokens).columns_from(0, w.out.in));
}

// What a layer adds is normed where it lies, in models that have such norms.
void DeviceModel::post_norm(const PostNorm& post, const float* weight, const View& delta) {
  if (weight == nullptr) return;
  device_.norm({.residual = buffers_->zeros.rows_from(0, delta.rows),
                .delta = delta,
                .residual_out = post.input.rows_from(0, delta.rows),
                .weight = weight,
                .eps = static_cast<float>(weights_.config().norm_eps),
                .out = delta,
                .inverse = post.inverse});
}

// The norm's input is overwritten: nothing needs it afterwards.
void DeviceModel::post_norm_gradient(const PostNorm& post, const float* weight, const View& d_delta) {
  if (weight == nullptr) return;
  const auto input = post.input.rows_from(0, d_delta.rows);
  device_.norm_gradient({.d_out = d_delta,
                         .input = input,
                         .weight = weight,
                         .inverse = post.inverse,
                         .d_residual = input,
                         .rounded = d_delta,
                         .replaces = true});
}

// From attention's output to the down projection's input.
void DeviceModel::forward_rest(const BatchShape& shape, int layer, const View& residual, const View& attended) {
  const auto& w = weights_.layer(layer);
  auto& k = kept(layer);
  const auto& c = weights_.config();
  const std::int64_t rows = residual.rows;
  const bool of_lines = layer + 1 == c.layers;
  const auto delta = buffers_->delta.rows_from(0, rows);
  forward(w.out, attended, delta, place(shape, layer, 1, of_lines));
  post_norm(k.post1, w.attention_post_norm, delta);
  device_.norm({.residual = residual,
                .delta = delta,
                .residual_out = k.middle.rows_from(0, rows),
                .weight = w.feed_forward_norm,
                .eps = static_cast<float>(c.norm_eps),
                .out = k.input3.rows_from(0, rows).columns_from(0, w.gate_up.in),
                .inverse = k.inverse2});
  forward(w.gate_up, k.input3.rows_from(0, rows), k.gate_up.rows_from(0, rows), place(shape, layer, 2, of_lines));
  device_.gate({k.gate_up.rows_from(0, rows), k.input4.rows_from(0, rows).columns_from(0, w.down.in),
                c.activation == Activation::kGelu});
}

// From there to what the layer adds, in `delta`.
void DeviceModel::forward_down(const BatchShape& shape, int layer, std::int64_t rows) {
  const auto& w = weights_.layer(layer);
  const auto delta = buffers_->delta.rows_from(0, rows);
  const bool of_lines = layer + 1 == weights_.config().layers;
  forward(w.down, kept(layer).input4.rows_from(0, rows), delta, place(shape, layer, 3, of_lines));
  post_norm(kept(layer).post2, w.feed_forward_post_norm, delta);
}

void DeviceModel::forward_layers(const BatchShape& shape, int first, int last, bool continues) {
  for (int layer = first; layer < last; ++layer) {
    enter(shape, layer, continues || layer > first);
    forward_attention(shape, layer);
    forward_rest(shape, layer, input_of_layer(layer, shape.tokens), kept(layer).input2.rows_from(0, shape.tokens));
    forward_down(shape, layer, shape.tokens);
  }
}

// The last layer, where there is a loss, and the final norm.
void DeviceModel::forward_top(const BatchShape& shape, bool continues) {
  const DeviceBatch::Layout at(shape, weights_.config().layers);
  const int last = static_cast<int>(weights_.config().layers) - 1;
  auto& b = *buffers_;
  auto& k = kept(last);
  const std::int64_t lines = shape.lines;
  const auto& out = weights_.layer(last).out;
  enter(shape, last, continues);
  forward_attention(shape, last);
  const auto attended = b.line_input2.rows_from(0, lines);
  device_.take_rows(input_of_layer(last, shape.tokens), array(at.line_tokens), b.line_residual.rows_from(0, lines));
  device_.take_rows(k.input2.rows_from(0, shape.tokens).columns_from(0, out.in), array(at.line_tokens),
                    attended.columns_from(0, out.in));
  forward_rest(shape, last, b.line_residual.rows_from(0, lines), attended);
  forward_down(shape, last, lines);
  // The stream behind the last layer overwrites the lines' residual, which nothing needs any more.
  device_.norm({.residual = k.middle.rows_from(0, lines),
                .delta = b.delta.rows_from(0, lines),
                .residual_out = b.line_residual.rows_from(0, lines),
                .weight = weights_.final_norm(),
                .eps = static_cast<float>(weights_.config().norm_eps),
                .out = shape.lines_are_terms ? b.head_input.rows_from(0, lines) : b.top.rows_from(0, lines),
                .inverse = b.top_inverse});
  if (!shape.lines_are_terms)
    device_.take_rows(b.top.rows_from(0, lines), array(at.term_lines), b.head_input.rows_from(0, shape.terms));
}

void DeviceModel::head(const BatchShape& shape, Pass pass) {
  const DeviceBatch::Layout at(shape, weights_.config().layers);
  auto& b = *buffers_;
  auto* hits = reinterpret_cast<std::uint8_t*>(b.losses + shape.terms);
  const auto* scale = reinterpret_cast<const float*>(array(at.scale));
  for (std::int64_t begin = 0; begin < shape.terms; begin += b.logits.rows) {
    const std::int64_t rows = std::min(b.logits.rows, shape.terms - begin);
    const auto logits = b.logits.rows_from(0, rows);
    const auto d_logits = pass == Pass::kTrain ? b.d_logits.rows_from(0, rows) : View{};
    device_.multiply(logits, 1, {b.head_input.rows_from(begin, rows)}, {weights_.head(), true}, 0);
    device_.cross_entropy({logits, array(at.targets) + begin, static_cast<float>(weights_.config().logit_cap), scale,
                           d_logits, b.losses + begin, hits + begin});
    if (pass == Pass::kTrain) device_.multiply(b.d_terms.rows_from(begin, rows), 1, {d_logits}, {weights_.head()}, 0);
  }
}

void DeviceModel::backward(const BatchShape& shape) {
  const DeviceBatch::Layout at(shape, weights_.config().layers);
  auto& b = *buffers_;
  const int last = static_cast<int>(weights_.config().layers) - 1;
  const std::int64_t lines = shape.lines, hidden = weights_.config().hidden;
  auto d_top = b.d_terms.rows_from(0, lines);
  if (!shape.lines_are_terms) {
    d_top = b.d_hidden.rows_from(0, lines);
    device_.sum_rows(b.d_terms.rows_from(0, shape.terms), array(at.line_terms), d_top);
  }
  const auto d_lines = b.d_line_residual.rows_from(0, lines);
  device_.norm_gradient({.d_out = d_top,
                         .input = b.line_residual.rows_from(0, lines),
                         .weight = weights_.final_norm(),
                         .inverse = b.top_inverse,
                         .d_residual = d_lines,
                         .rounded = b.d_down.rows_from(0, lines).columns_from(0, hidden),
                         .replaces = true});
  backward_rest(shape, last, d_lines);
  // What reached lines goes back to their tokens; the others have none yet.
  const auto& out = weights_.layer(last).out;
  auto line_attended = b.d_top.rows_from(0, lines).columns_from(0, out.in);
  backward(out, b.line_input2.rows_from(0, lines), b.d_out.rows_from(0, lines), line_attended,
           place(shape, last, 1, true));
  device_.sum_rows(line_attended, array(at.token_lines), b.d_attended.rows_from(0, shape.tokens));
  device_.sum_rows(d_lines, array(at.token_lines), b.d_residual.rows_from(0, shape.tokens));
  backward_attention(shape, last);
  for (int layer = last - 1; layer >= first_layer_; --layer) {
    const auto attended = kept(layer).input2.rows_from(0, shape.tokens);
    if (recomputes_) {
      enter(shape, layer, false);
      forward_attention(shape, layer);
      forward_rest(shape, layer, input_of_layer(layer, shape.tokens), attended);
      if (weights_.layer(layer).feed_forward_post_norm != nullptr) {
        forward_down(shape, layer, shape.tokens);
      } else {
        forward_low_rank(weights_.layer(layer).down, kept(layer).input4.rows_from(0, shape.tokens),
                         place(shape, layer, 3, false));
      }
    }
    backward_rest(shape, layer, b.d_residual.rows_from(0, shape.tokens));
    backward(weights_.layer(layer).out, attended, b.d_out.rows_from(0, shape.tokens),
             b.d_attended.rows_from(0, shape.tokens), place(shape, layer, 1, false));
    backward_attention(shape, layer);
  }
}

// From d_down, the rounded d_residual, to d_out, the rounded d_residual before the feed-forward network.
void DeviceModel::backward_rest(const BatchShape& shape, int layer, const View& d_residual) {
  const std::int64_t rows = d_residual.rows;
  const bool of_lines = layer + 1 == weights_.config().layers;
  const auto& w = weights_.layer(layer);
  const auto& c = weights_.config();
  auto& b = *buffers_;
  auto& k = kept(layer);
  const auto d_wide = b.d_wide.rows_from(0, rows), d_gate_up = b.d_gate_up.rows_from(0, rows);
  const auto d_hidden = b.d_hidden.rows_from(0, rows);
  const auto d_out = b.d_out.rows_from(0, rows).columns_from(0, c.hidden);
  post_norm_gradient(k.post2, w.feed_forward_post_norm, b.d_down.rows_from(0, rows).columns_from(0, c.hidden));
  backward(w.down, k.input4.rows_from(0, rows), b.d_down.rows_from(0, rows), d_wide, place(shape, layer, 3, of_lines));
  device_.gate_gradient({k.gate_up.rows_from(0, rows), d_wide, d_gate_up.columns_from(0, w.gate_up.out),
                         c.activation == Activation::kGelu});
  backward(w.gate_up, k.input3.rows_from(0, rows), d_gate_up, d_hidden, place(shape, layer, 2, of_lines));
  device_.norm_gradient({.d_out = d_hidden,
                         .input = k.middle.rows_from(0, rows),
                         .weight = w.feed_forward_norm,
                         .inverse = k.inverse2,
                         .d_residual = d_residual,
                         .rounded = d_out,
                         .replaces = false});
  post_norm_gradient(k.post1, w.attention_post_norm, d_out);
}

// From d_attended to d_residual before the layer, and d_down of the one below.
void DeviceModel::backward_attention(const BatchShape& shape, int layer) {
  const auto& w = weights_.layer(layer);
  const std::int64_t tokens = shape.tokens;
  auto& b = *buffers_;
  auto& k = kept(layer);
  const auto rows = attention_rows(shape, weights_.config().layers, b.arrays);
  AttentionGradient op{attention_of(shape, layer), b.d_attended.rows_from(0, tokens),
                       b.d_qkv.rows_from(0, tokens).columns_from(0, w.qkv.out)};
  op.forward.rows = &rows;
  device_.attend_gradient(op, k.attention);
  k.attention.kept.reset();
  const bool is_first = layer == first_layer_;
  const auto d_hidden = b.d_hidden.rows_from(0, tokens);
  backward(w.qkv, k.input1.rows_from(0, tokens), b.d_qkv.rows_from(0, tokens), is_first ? View{} : d_hidden,
           place(shape, layer, 0, false));
  device_.join();
  if (is_first) return;
  device_.norm_gradient({.d_out = d_hidden,
                         .input = input_of_layer(layer, tokens),
                         .weight = w.attention_norm,
                         .inverse = k.inverse1,
                         .d_residual = b.d_residual.rows_from(0, tokens),
                         .rounded = b.d_down.rows_from(0, tokens).columns_from(0, w.down.out),
                         .replaces = false});
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
