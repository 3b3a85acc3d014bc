#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "trainer/device/device.h"

namespace fw::trainer {

/// A device has no room for what was asked for: a smaller pass may still fit.
class DeviceMemoryExhausted final : public std::runtime_error {
 public:
  DeviceMemoryExhausted() : std::runtime_error("the GPU's memory is full") {}
  explicit DeviceMemoryExhausted(std::uint64_t bytes)
      : std::runtime_error("the GPU has no room for another " + std::to_string(bytes >> 20) + " MiB") {}
};

/// Memory of a device, released together. The device must outlive it. Throws DeviceMemoryExhausted.
class DeviceMemory final {
 public:
  explicit DeviceMemory(Device& device) : device_(device) {}
  ~DeviceMemory() { release(); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  [[nodiscard]] void* take(std::int64_t bytes) {
    void* memory = device_.allocate(static_cast<std::size_t>(bytes));
    if (memory == nullptr) throw DeviceMemoryExhausted(static_cast<std::uint64_t>(bytes));
    pieces_.push_back(memory);
    bytes_ += static_cast<std::uint64_t>(bytes);
    return memory;
  }
  [[nodiscard]] View matrix(std::int64_t rows, std::int64_t columns, Element element) {
    return {take(rows * columns * bytes_of(element)), rows, columns, columns, element};
  }
  [[nodiscard]] float* floats(std::int64_t count) { return static_cast<float*>(take(count * 4)); }

  void release() {
    for (void* memory : pieces_) device_.release(memory);
    pieces_.clear();
    bytes_ = 0;
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Device& device_;
  std::vector<void*> pieces_;
  std::uint64_t bytes_ = 0;
};

}  // namespace fw::trainer
