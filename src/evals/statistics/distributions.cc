#include "evals/statistics/distributions.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "base/assert.h"

namespace fw::evals {

namespace bm = boost::math;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double checked(double p) {
  FW_ASSERT(p >= 0 && p <= 1);
  return p;
}

}  // namespace

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double normal_sf(double x) { return 0.5 * std::erfc(x / std::sqrt(2.0)); }

double normal_quantile(double p) {
  if (checked(p) == 0 || p == 1) return p == 0 ? -kInfinity : kInfinity;
  return bm::quantile(bm::normal(), p);
}

double student_t_cdf(double x, double degrees) {
  if (std::isinf(x)) return x < 0 ? 0 : 1;
  return bm::cdf(bm::students_t(degrees), x);
}
double student_t_sf(double x, double degrees) { return student_t_cdf(-x, degrees); }

double student_t_quantile(double p, double degrees) {
  if (checked(p) == 0 || p == 1) return p == 0 ? -kInfinity : kInfinity;
  return bm::quantile(bm::students_t(degrees), p);
}

double beta_cdf(double x, double a, double b) { return bm::cdf(bm::beta_distribution<>(a, b), x); }
double beta_quantile(double p, double a, double b) { return bm::quantile(bm::beta_distribution<>(a, b), checked(p)); }

double binomial_cdf(std::int64_t k, std::int64_t n, double rate) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return bm::cdf(bm::binomial(static_cast<double>(n), checked(rate)), static_cast<double>(k));
}

double binomial_sf(std::int64_t k, std::int64_t n, double rate) {
  if (k < 0) return 1;
  if (k >= n) return 0;
  return bm::cdf(bm::complement(bm::binomial(static_cast<double>(n), checked(rate)), static_cast<double>(k)));
}

double binomial_pmf(std::int64_t k, std::int64_t n, double rate) {
  if (k < 0 || k > n) return 0;
  return bm::pdf(bm::binomial(static_cast<double>(n), checked(rate)), static_cast<double>(k));
}

}  // namespace fw::evals
