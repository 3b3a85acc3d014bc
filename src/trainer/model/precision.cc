#include "trainer/model/precision.h"

#include "trainer/model/tiles.h"

namespace fw::trainer {
namespace {

// AMD's vector units multiply a pair of bfloat16 in the time of one fp32 number; Intel's are no faster than with fp32
// (measured on Sapphire Rapids: 113 against 170 GFLOP/s of a core).
bool vector_units_are_faster() {
#if defined(__x86_64__)
  return __builtin_cpu_is("amd") != 0;
#else
  return false;
#endif
}

}  // namespace

Precision fastest_precision() {
  switch (tiles::best_kernel()) {
    case tiles::Kernel::kAmx: return Precision::kBf16;
    case tiles::Kernel::kAvx512: return vector_units_are_faster() ? Precision::kBf16 : Precision::kFp32;
    case tiles::Kernel::kPortable: break;
  }
  return Precision::kFp32;
}

std::string_view to_string(Precision precision) { return precision == Precision::kBf16 ? "bf16" : "fp32"; }

}  // namespace fw::trainer
