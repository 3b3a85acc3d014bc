// In builds without CUDA: the same questions, and one answer.
#include "trainer/device/cuda/cuda_device.h"

namespace fw::trainer {

bool is_built_with_cuda() { return false; }

Result<CudaInformation> cuda_information() {
  return failed_precondition("this flywheel-trainer was built without CUDA; `scripts/build cuda` builds one with it");
}

Result<std::unique_ptr<Device>> open_cuda_device() { return cuda_information().error(); }

}  // namespace fw::trainer
