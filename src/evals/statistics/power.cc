#include "evals/statistics/power.h"

#include <cmath>
#include <limits>

#include "evals/statistics/distributions.h"

namespace fw::evals {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double spread(PairedDesign design) { return design.discordant() - design.difference() * design.difference(); }

}  // namespace

double mcnemar_rows(PairedDesign design, double power, double alpha) {
  const double d = design.difference();
  if (d == 0) return kInfinity;
  const double root = normal_quantile(1 - alpha / 2) * std::sqrt(design.discordant()) +
                      normal_quantile(power) * std::sqrt(spread(design));
  return root * root / (d * d);
}

double noninferiority_rows(PairedDesign design, double margin, double power, double alpha) {
  const double room = design.difference() + margin;
  if (room <= 0) return kInfinity;
  const double z = normal_quantile(1 - alpha) + normal_quantile(power);
  return z * z * spread(design) / (room * room);
}

double noninferiority_power(PairedDesign design, double margin, std::int64_t n, double alpha) {
  return normal_cdf((design.difference() + margin) * std::sqrt(static_cast<double>(n) / spread(design)) -
                    normal_quantile(1 - alpha));
}

}  // namespace fw::evals
