// Qwen 3: norms on the heads of q and k, no biases.
#include "trainer/families/qwen.h"

namespace fw::trainer {

Family qwen3() {
  return {.architecture = "qwen3",
          .model_types = {"qwen3"},
          .from_config = read_qwen_window,
          .to_gguf = write_qwen_context};
}

}  // namespace fw::trainer
