#include "modelops/local/impl/serving_type.h"

#include <array>
#include <sstream>

#include "io/file.h"

namespace fw::modelops {
namespace {

constexpr std::int64_t kPlainAttentionContext = 4096;

struct BitsOfType {
  std::string_view type;
  double bits;
};
// From here on a model's weights leave the caches for good, and each token costs reading them from memory.
constexpr std::uint64_t kLargeModel = 600'000'000;

constexpr std::array<BitsOfType, 6> kBits{
    {{"F32", 32}, {"F16", 16}, {"BF16", 16}, {"Q8_0", 8.5}, {"Q4_0", 4.5}, {"Q4_1", 5}}};

}  // namespace

ProcessorFeatures this_processor() {
  ProcessorFeatures out;
#if defined(__aarch64__)
  out.has_f16c = true;
#endif
  const auto info = io::read_file("/proc/cpuinfo", 16 << 20);
  if (!info.ok()) return out;
  std::istringstream words(info->substr(0, info->find("\n\n")));  // the first processor
  for (std::string word; words >> word;) {
    out.has_amx_int8 = out.has_amx_int8 || word == "amx_int8";
    out.has_f16c = out.has_f16c || word == "f16c";
  }
  return out;
}

std::uint64_t bytes_in_type(std::uint64_t parameters, const std::string& type) {
  for (const auto& row : kBits) {
    if (row.type == type) return static_cast<std::uint64_t>(static_cast<double>(parameters) * row.bits / 8);
  }
  return 0;
}

bool is_plain_attention_faster(std::int64_t context) { return context <= kPlainAttentionContext; }

std::string serving_type(const ModelFacts& facts, const ProcessorFeatures& processor, std::uint64_t memory) {
  const std::string best = processor.has_f16c && !processor.has_amx_int8 ? "F16" : "Q8_0";
  const std::uint64_t bytes = bytes_in_type(facts.parameters, best);
  const bool is_enlarged = facts.parameters >= kLargeModel && facts.bytes > 0 && bytes > facts.bytes + facts.bytes / 16;
  return bytes > memory || is_enlarged ? facts.file_type : best;
}

}  // namespace fw::modelops
