#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "modelfile/gguf.h"

namespace fw::modelfile {

/// What keep_layers would make of a header: layers renumbered from 0, the block count and per-layer metadata adapted,
/// and under `flywheel.kept_layers` the original indices (through earlier reductions too). Everything else stays.
/// `source_of[i]` is the index of the old tensor whose bytes the i-th new one has.
struct ReducedHeader {
  GgufHeader header;
  std::vector<std::size_t> source_of;
};

/// `layers` are strictly ascending indices of decoder layers. kInvalidArgument for others; kUnimplemented for
/// architectures whose layers are not all alike (a layer's kind hangs on its index there).
[[nodiscard]] Result<ReducedHeader> reduce_header(const GgufHeader& header, const std::vector<int>& layers);

/// Writes a smaller model: `out` holds only these decoder layers of the GGUF model `in`, which may come in several
/// files. Streams (files may be larger than memory); `out` is whole or as before. It may not be the same file as one of
/// them. Blocks.
[[nodiscard]] Status keep_layers(const std::filesystem::path& in, const std::filesystem::path& out,
                                 const std::vector<int>& layers);

}  // namespace fw::modelfile
