#include "sample/impl/noise_plan.h"

#include "base/random.h"

namespace fw::sample {
namespace {

constexpr double kDuplicates = 0.03;
constexpr double kEachDefect = 0.008;
// Lines at either end that stay good.
constexpr std::uint64_t kGoodEnds = 8;

std::uint64_t share(std::uint64_t count, double rate) {
  return count <= 4 * kGoodEnds ? 0 : static_cast<std::uint64_t>(static_cast<double>(count) * rate);
}

}  // namespace

NoiseCounts planned_noise(const SampleSettings& settings) {
  const std::uint64_t each = share(settings.count, kEachDefect);
  return {.duplicates = share(settings.count, kDuplicates),
          .missing_response = each,
          .broken_arguments = settings.workload == Workload::kRouter ? each : 0,
          .empty_messages = each,
          .truncated_lines = each};
}

std::vector<Fate> plan_fates(const SampleSettings& settings) {
  const NoiseCounts noise = planned_noise(settings);
  std::vector<Fate> fates;
  fates.insert(fates.end(), noise.duplicates, Fate::kDuplicate);
  fates.insert(fates.end(), noise.missing_response, Fate::kMissingResponse);
  fates.insert(fates.end(), noise.broken_arguments, Fate::kBrokenArguments);
  fates.insert(fates.end(), noise.empty_messages, Fate::kEmptyMessages);
  fates.insert(fates.end(), noise.truncated_lines, Fate::kTruncatedLine);
  if (fates.empty()) return std::vector<Fate>(settings.count, Fate::kGood);
  fates.resize(settings.count - 2 * kGoodEnds, Fate::kGood);
  Random random = Random::for_purpose(settings.seed, "sample noise");
  random.shuffle(fates);
  fates.insert(fates.begin(), kGoodEnds, Fate::kGood);
  fates.insert(fates.end(), kGoodEnds, Fate::kGood);
  return fates;
}

}  // namespace fw::sample
