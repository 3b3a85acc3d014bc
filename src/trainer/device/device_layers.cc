#include <algorithm>
#include <cmath>

#include "trainer/device/device_buffers.h"

namespace fw::trainer {

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

}  // namespace fw::trainer
