#pragma once

#include <cstdint>
#include <string>

#include "modelops/local/impl/model_facts.h"

namespace fw::modelops {

/// What decides how fast a processor works with weights of a type.
struct ProcessorFeatures {
  bool has_amx_int8 = false;  ///< multiplies tiles of 8-bit integers
  bool has_f16c = false;      ///< converts f16 in the vector unit: AVX2 machines; ARM's counts too
};

[[nodiscard]] ProcessorFeatures this_processor();

/// The type to serve a model in: the fastest that this processor has a unit for and that keeps the weights (the table
/// and its measurements, of a small model, are in README.md); or the file's own type when the weights would take more
/// than `memory` bytes, or when the model is large and a conversion would enlarge its weights: reading them is then
/// what an answer waits for.
[[nodiscard]] std::string serving_type(const ModelFacts& facts, const ProcessorFeatures& processor,
                                       std::uint64_t memory);

/// Whether attention that makes its scores whole beats the fused form: it answered an evaluation 5 to 10 % faster on
/// AVX2 and 30 to 50 % faster with AMX. Scores grow with the context, so only while that is short (tokens).
[[nodiscard]] bool is_plain_attention_faster(std::int64_t context);

/// Bytes of a model's file in a type; 0 for a type that is not known here.
[[nodiscard]] std::uint64_t bytes_in_type(std::uint64_t parameters, const std::string& type);

}  // namespace fw::modelops
