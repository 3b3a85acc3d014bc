// Qwen 2 and 2.5: biases on q, k and v. Their config.json can name a window, which the published models do not use.
#include "trainer/families/qwen.h"

namespace fw::trainer {

Family qwen2() {
  return {.architecture = "qwen2",
          .model_types = {"qwen2"},
          .from_config = read_qwen_window,
          .to_gguf = write_qwen_context};
}

}  // namespace fw::trainer
