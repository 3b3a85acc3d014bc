#include <cstdint>
#include <string>

#include "modelops/local/impl/trainer_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = fw::modelops::parse_training_event(std::string(reinterpret_cast<const char*>(data), size));
  if (event.ok()) {
    const auto* done = std::get_if<fw::modelops::TrainingDoneEvent>(&*event);
    if (done != nullptr && done->model.adapter.gguf.empty()) __builtin_trap();
  }
  return 0;
}
