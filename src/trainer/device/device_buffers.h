#pragma once

#include <cstdint>
#include <vector>

#include "trainer/device/device_model.h"

namespace fw::trainer {

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

}  // namespace fw::trainer
