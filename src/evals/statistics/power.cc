#include "evals/statistics/power.h"

#include <cmath>
#include <limits>

#include "evals/statistics/distributions.h"
#include "evals/statistics/mcnemar.h"

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

double mcnemar_power(PairedDesign design, std::int64_t n, double alpha) {
  const double shift = std::fabs(design.difference()) * std::sqrt(static_cast<double>(n)) -
                       normal_quantile(1 - alpha / 2) * std::sqrt(design.discordant());
  return normal_cdf(shift / std::sqrt(spread(design)));
}

double mcnemar_exact_power(PairedDesign design, std::int64_t n, double alpha) {
  const double psi = design.discordant();
  double total = 0;
  if (psi <= 0) return total;
  for (std::int64_t m = 1; m <= n; ++m) {
    double rejected = 0;
    for (std::int64_t k = 0; k <= m; ++k)
      if (mcnemar_exact({k, m - k}).two_sided <= alpha) rejected += binomial_pmf(k, m, design.candidate_only / psi);
    total += binomial_pmf(m, n, psi) * rejected;
  }
  return total;
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

double noninferiority_rows_independent(double baseline, double candidate, double margin, double power, double alpha) {
  const double room = candidate - baseline + margin;
  if (room <= 0) return kInfinity;
  const double z = normal_quantile(1 - alpha) + normal_quantile(power);
  return z * z * (baseline * (1 - baseline) + candidate * (1 - candidate)) / (room * room);
}

}  // namespace fw::evals
