#pragma once

#include "base/result.h"
#include "modelfile/gguf.h"
#include "trainer/weights/model_config.h"

namespace fw::trainer {

/// The keys of a model's shape, as llama.cpp names them: what open_gguf reads is `config` again.
[[nodiscard]] Status write_model_keys(const ModelConfig& config, modelfile::GgufHeader& header);

}  // namespace fw::trainer
