#pragma once

#include <cstdint>

namespace fw::evals {

/// Probability functions that the tests and intervals need. `cdf(x)` is P(X <= x), `sf(x)` is P(X > x) without the loss
/// of 1 - cdf, `quantile(p)` the x whose cdf is p. Probabilities outside [0, 1] are a defect of the caller.

[[nodiscard]] double normal_cdf(double x);
[[nodiscard]] double normal_sf(double x);
/// -infinity at 0, infinity at 1.
[[nodiscard]] double normal_quantile(double p);

[[nodiscard]] double student_t_cdf(double x, double degrees);
[[nodiscard]] double student_t_sf(double x, double degrees);
[[nodiscard]] double student_t_quantile(double p, double degrees);

[[nodiscard]] double beta_cdf(double x, double a, double b);
[[nodiscard]] double beta_quantile(double p, double a, double b);

/// Number of successes in n trials of probability `rate`.
[[nodiscard]] double binomial_cdf(std::int64_t k, std::int64_t n, double rate);
[[nodiscard]] double binomial_sf(std::int64_t k, std::int64_t n, double rate);
[[nodiscard]] double binomial_pmf(std::int64_t k, std::int64_t n, double rate);

}  // namespace fw::evals
