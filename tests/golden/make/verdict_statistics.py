"""Golden vectors of the statistics that a verdict rests on, out of statsmodels and scipy: clustered, weighted and
stratified means, intervals on effective sizes, tests against a threshold, families of tests, sizes that decide.

usage: verdict_statistics.py OUT      writes OUT/statistics/{wilson_effective, design_effect, weighted_cluster_mean,
stratified_mean, equal_values, threshold_test, threshold_power, holm_families, cluster_permutation}.json
"""
import json
import math
import pathlib
import sys

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

rng = np.random.default_rng(20261126)
files = {}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def add(file, function, inputs, expected, absolute=1e-9, relative=1e-9):
    cases = files.setdefault(file, [])
    cases.append(plain({"name": f"{file} {len(cases)}", "function": function, "inputs": inputs, "expected": expected,
                        "tolerance": {"absolute": absolute, "relative": relative}}))


def wilson(rate, n, alpha=0.05):
    return proportion_confint(rate * n, n, alpha, "wilson")


def clustered_rows(graded):
    """Rows of conversations: values that agree within a conversation, its number, a weight."""
    sizes = rng.integers(1, 9, int(rng.integers(4, 30)))
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    lean = rng.normal(0, 1, len(sizes))[clusters] * rng.choice([0, 1.2]) + rng.normal(0.8, 1, len(clusters))
    values = np.round(1 / (1 + np.exp(-lean)), 4) if graded else (lean > 0).astype(float)
    order = rng.permutation(len(values))
    weights = np.round(rng.gamma(2, 2, len(values)) + 0.25, 3)
    return values[order], clusters[order], weights[order]


def clustered_fit(values, clusters, weights):
    model = sm.WLS(values, np.ones(len(values)), weights=weights)
    fit = lambda corrected, use_t: model.fit(cov_type="cluster", use_t=use_t,
                                             cov_kwds={"groups": clusters, "use_correction": corrected})
    return fit(True, True), fit(False, False)


# --- rates on effective sizes -------------------------------------------------------------------------------
for rate, n in [(1.0, 1), (0.0, 1), (1.0, 7.5), (0.0, 33.3), (0.5, 2.2), (0.96, 41.7), (0.9, 300), (0.985, 812.25)]:
    for alpha in (0.05, 0.1, 0.01):
        add("wilson_effective", "statsmodels proportion_confint(rate * n, n, alpha, 'wilson') with an effective n that "
            "need not be whole", {"rate": rate, "effective_n": n, "alpha": alpha}, {"wilson": wilson(rate, n, alpha)})

for number in range(14):
    values, clusters, weights = clustered_rows(graded=False)
    weights = weights if number % 2 else np.ones(len(values))
    corrected, _ = clustered_fit(values, clusters, weights)
    rate, variance = corrected.params[0], corrected.bse[0] ** 2
    if variance == 0:
        continue
    effective = rate * (1 - rate) / variance
    add("design_effect", "statsmodels WLS on a constant, cov_type cluster with its correction: variance; deff = "
        "variance / (p (1 - p) / n); effective_n = n / deff = p (1 - p) / variance, not limited to n; wilson: "
        "proportion_confint on effective_n",
        {"values": values, "clusters": clusters, "weights": weights, "alpha": 0.05},
        {"rate": rate, "se": corrected.bse[0], "deff": len(values) / effective, "effective_n": effective,
         "wilson": wilson(rate, effective)})

# --- means of clustered and weighted rows -------------------------------------------------------------------
for number in range(16):
    values, clusters, weights = clustered_rows(graded=number % 2 == 0)
    corrected, uncorrected = clustered_fit(values, clusters, weights)
    residual_sums = [np.sum((weights * (values - corrected.params[0]))[clusters == each]) for each in set(clusters)]
    by_hand = math.sqrt(np.sum(np.square(residual_sums))) / weights.sum()
    assert abs(by_hand - uncorrected.bse[0]) < 1e-12
    add("weighted_cluster_mean", "statsmodels WLS on a constant, cov_type cluster: mean = sum w y / sum w; se_plain: "
        "root of the sum over clusters of (sum w (y - mean))^2, over sum w; se_corrected: times sqrt(G / (G - 1)) (the "
        "default); interval: Student's t with G - 1 degrees of freedom; kish_n = (sum w)^2 / sum w^2",
        {"values": values, "clusters": clusters, "weights": weights, "confidence": 0.95},
        {"mean": corrected.params[0], "se_corrected": corrected.bse[0], "se_plain": uncorrected.bse[0],
         "interval": corrected.conf_int(0.05)[0], "kish_n": weights.sum() ** 2 / np.sum(weights ** 2)})

for number in range(12):
    count = int(rng.integers(2, 6))
    sizes = rng.integers(2, 25, count)
    strata = np.repeat(np.arange(count), sizes)
    shares = rng.dirichlet(np.full(count, 3.0))
    values = rng.beta(4, 1.5, len(strata)) if number % 2 else (rng.random(len(strata)) < 0.8).astype(float)
    dummies = (strata[:, None] == np.arange(count)).astype(float)
    test = sm.OLS(values, dummies).fit(cov_type="HC2").t_test(shares)
    variance = sum(share ** 2 * values[strata == each].var(ddof=1) / sizes[each] for each, share in enumerate(shares))
    assert abs(math.sqrt(variance) - test.sd.item()) < 1e-12
    add("stratified_mean", "statsmodels OLS on the strata's dummies, cov_type HC2, t_test of the shares: mean = sum "
        "W_h mean_h, se = sqrt(sum W_h^2 s_h^2 / n_h), shares W_h of the traffic that are known; interval_normal",
        {"values": values, "strata": strata, "shares": shares},
        {"mean": test.effect.item(), "se": test.sd.item(), "interval_normal": test.conf_int(0.05)[0]})

# --- what equal values leave open ----------------------------------------------------------------------
for n in (1, 2, 5, 20, 73, 300):
    low, high = proportion_confint(0, n, 0.05, "beta")
    assert abs(high - (1 - 0.025 ** (1 / n))) < 1e-12
    add("equal_values", "statsmodels proportion_confint(0, n, 0.05, 'beta'): what n values alike leave open, "
        "1 - 0.025^(1/n)", {"n": n}, {"open": high})

# --- against a threshold ------------------------------------------------------------------------------------
for right, n, threshold in [(95, 100, 0.9), (300, 300, 0.95), (18, 20, 0.95), (20, 20, 0.95), (73, 73, 0.95),
                            (72, 72, 0.95), (0, 5, 0.5), (190, 200, 0.95), (180, 200, 0.95), (45.5, 48.25, 0.9)]:
    expected = {side: proportions_ztest(right, n, threshold, alternative, prop_var=threshold)[1]
                for side, alternative in (("score_p_above", "larger"), ("score_p_below", "smaller"))}
    expected["z"] = proportions_ztest(right, n, threshold, "larger", prop_var=threshold)[0]
    if n == int(n):
        expected["exact_p_above"] = stats.binomtest(right, n, threshold, "greater").pvalue
        expected["exact_p_below"] = stats.binomtest(right, n, threshold, "less").pvalue
    low, high = wilson(right / n, n)
    assert (expected["score_p_above"] < 0.025) == (low > threshold) and \
        (expected["score_p_below"] < 0.025) == (high < threshold)
    add("threshold_test", "a rate against a fixed threshold, one-sided. score: statsmodels proportions_ztest with "
        "prop_var = threshold, the test that Wilson's interval inverts (p < 0.025 as the 95 % interval lies beyond); "
        "exact: scipy binomtest; right and n may be effective ones",
        {"right": right, "n": n, "threshold": threshold}, expected)


def critical(n, threshold, alpha, passes):
    """The smallest number of right rows of n that passes; n + 1: none does."""
    return next((k for k in range(n + 1) if passes(k, n, threshold, alpha)), n + 1)


def passes_exact(k, n, threshold, alpha):
    return stats.binom.sf(k - 1, n, threshold) <= alpha


def passes_wilson(k, n, threshold, alpha):
    return wilson(k / n, n, 2 * alpha)[0] >= threshold


def size_for(power, true_rate, threshold, alpha, passes):
    """Smallest n with that power, and the smallest from which on it is kept up to 2,000 (power is a saw)."""
    powers, k = [], 0
    for n in range(1, 2001):
        while k <= n and not passes(k, n, threshold, alpha):
            k += 1
        powers.append(stats.binom.sf(k - 1, n, true_rate))
    enough = np.array(powers) >= power
    if not enough[-1]:
        return "Infinity", "Infinity"
    return int(np.argmax(enough)) + 1, len(enough) - int(np.argmin(enough[::-1])) + 1 if not enough.all() else 1


for threshold, true_rate in [(0.95, 0.98), (0.95, 0.99), (0.9, 0.95), (0.85, 0.93), (0.8, 0.8), (0.95, 1.0)]:
    alpha = 0.025
    expected = {}
    for rule, passes in (("exact", passes_exact), ("wilson", passes_wilson)):
        for n in (20, 73, 100, 300):
            least = critical(n, threshold, alpha, passes)
            expected[f"{rule}_least_right_{n}"] = least
            expected[f"{rule}_power_{n}"] = stats.binom.sf(least - 1, n, true_rate)
        first, kept = size_for(0.8, true_rate, threshold, alpha, passes)
        expected[f"{rule}_first_n_for_80"], expected[f"{rule}_n_for_80"] = first, kept
        expected[f"{rule}_n_all_right"] = next(n for n in range(1, 2001) if passes(n, n, threshold, alpha))
    if true_rate > threshold:
        spread = lambda rate, quantile: stats.norm.ppf(quantile) * math.sqrt(rate * (1 - rate))
        need = spread(threshold, 1 - alpha) + spread(true_rate, 0.8)
        expected["normal_n_for_80"] = (need / (true_rate - threshold)) ** 2
    add("threshold_power", "rows that show a rate above a fixed threshold, one-sided alpha. exact: scipy binom, "
        "sf(k - 1, n, threshold) <= alpha; wilson: lower limit of statsmodels' 1 - 2 alpha interval >= threshold. "
        "least_right_N: smallest k that passes (N + 1: none); power_N: scipy binom at the true rate; first_n_for_80, "
        "n_for_80: smallest n with power 0.8, and from which on it stays up to 2,000; "
        "n_all_right: smallest n of which all right "
        "passes; normal_n_for_80: ((z(1-alpha) sqrt(t(1-t)) + z(0.8) sqrt(p(1-p))) / (p - t))^2",
        {"threshold": threshold, "true_rate": true_rate, "alpha": alpha}, expected)

# --- many tests ---------------------------------------------------------------------------------------------
for _ in range(8):
    families = [np.round(rng.beta(0.4, 3, int(rng.integers(1, 6))), 5) for _ in range(int(rng.integers(1, 5)))]
    pooled = np.concatenate(families)
    add("holm_families", "statsmodels multipletests 'holm', each family by itself, and all pooled in their order",
        {"families": families}, {"within": [multipletests(family, 0.05, "holm")[1] for family in families],
                                 "pooled": multipletests(pooled, 0.05, "holm")[1]})

for _ in range(10):
    sizes = rng.integers(1, 7, int(rng.integers(2, 13)))
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    differences = rng.choice([-1.0, 0.0, 0.0, 0.5, 1.0], len(clusters))
    sums = np.array([differences[clusters == each].sum() for each in range(len(sizes))])
    mean = lambda x, y, axis: np.sum(x - y, axis=axis) / len(differences)
    p = {name: stats.permutation_test((sums, np.zeros_like(sums)), mean, permutation_type="samples", vectorized=True,
                                      n_resamples=np.inf, alternative=side).pvalue
         for name, side in (("two_sided", "two-sided"), ("greater", "greater"), ("less", "less"))}
    add("cluster_permutation", "paired sign flips of whole clusters: scipy "
        "permutation_test(permutation_type='samples', n_resamples=inf) over the clusters' sums; the statistic is their "
        "sum / n",
        {"differences": differences, "clusters": clusters},
        {"mean": differences.mean(), **p})

for name, cases in files.items():
    path = pathlib.Path(sys.argv[1]) / "statistics" / f"{name}.json"
    path.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(name, len(cases))
