#include "trainer/model/precision.h"

#include "trainer/model/tiles.h"

namespace fw::trainer {

Precision fastest_precision() {
  return tiles::best_kernel() == tiles::Kernel::kPortable ? Precision::kFp32 : Precision::kBf16;
}

}  // namespace fw::trainer
