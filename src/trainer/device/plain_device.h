#pragma once

#include <cstdint>
#include <memory>

#include "trainer/device/device.h"

namespace fw::trainer {

/// The device's operations as plain loops on the processor: what every other device is compared with. Slow. It gives
/// out `memory` bytes at most.
[[nodiscard]] std::unique_ptr<Device> make_plain_device(Element activation, std::uint64_t memory = ~std::uint64_t{0});

}  // namespace fw::trainer
