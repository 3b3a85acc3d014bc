#pragma once

#include <memory>
#include <vector>

#include "codec/byte_source.h"
#include "codec/unpack.h"

namespace fw::capture {

/// A source within as many layers of packing as it has.
class Unpacked {
 public:
  static constexpr int kMaxPackings = 3;  ///< of a file that was packed again

  explicit Unpacked(codec::ByteSource& source) {
    layers_.push_back(std::make_unique<codec::PeekedSource>(source));
    for (int i = 0; i < kMaxPackings; ++i) {
      const codec::Packing packing = codec::packing_of(text().peek(codec::kPackingBytes));
      if (packing == codec::Packing::kNone) break;
      unpacking_.push_back(codec::unpack(packing, text()));
      layers_.push_back(std::make_unique<codec::PeekedSource>(*unpacking_.back()));
    }
  }
  [[nodiscard]] codec::PeekedSource& text() { return *layers_.back(); }

 private:
  std::vector<std::unique_ptr<codec::PeekedSource>> layers_;
  std::vector<std::unique_ptr<codec::ByteSource>> unpacking_;
};

}  // namespace fw::capture
