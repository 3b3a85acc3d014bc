#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "trainer/device/device.h"

namespace fw::trainer {

struct CudaInformation {
  std::string name;
  std::uint64_t memory_bytes = 0;
  std::uint64_t free_bytes = 0;
};

[[nodiscard]] bool is_built_with_cuda();
/// The first GPU that CUDA shows this process, in bfloat16. kFailedPrecondition says why there is none: no driver, one
/// too old, no GPU, one without bfloat16, or one that others keep to themselves.
[[nodiscard]] Result<std::unique_ptr<Device>> open_cuda_device();
[[nodiscard]] Result<CudaInformation> cuda_information();

}  // namespace fw::trainer
