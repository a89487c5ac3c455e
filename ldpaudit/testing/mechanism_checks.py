"""What `check_mechanism` checks: one function a promise, each returns a line or fails with figures.

Every statistical check fixes its generator and alarms falsely at most about
once in a million (`FALSE_ALARM` for each); `judging` says when one does.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import pickle  # only what this process pickled itself is read back
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ldpaudit.adapters.finite_inputs import FiniteInputs
from ldpaudit.claim import Claim
from ldpaudit.collecting.estimands import Frequencies
from ldpaudit.collecting.servers import Server
from ldpaudit.contracts import (
    FrequencyOracle,
    HasBayesVulnerability,
    HasBits,
    HasCounts,
    HasDeltaUpper,
    HasExactDelta,
    HasExactEpsilon,
    HasLikelihood,
    HasReports,
    Mechanism,
)
from ldpaudit.domains import input_text
from ldpaudit.leakage import channels
from ldpaudit.testing.judging import (
    DRAWN,
    FALSE_ALARM,
    REPETITIONS,
    judge_errors,
    judge_likelihoods,
    largest_ratio,
    require,
    uneven_users,
)

Check: TypeAlias = Callable[[Any, np.random.Generator], str]

#: Entries of a channel that is compared.
CHANNEL_ENTRIES = 2**22


def _check_sampler(mechanism: Any, rng: np.random.Generator) -> str:
    values = rng.integers(0, mechanism.k, 200)
    before = values.copy()
    draws = [mechanism.privatize(values, rng=np.random.default_rng(1)) for _ in range(2)]
    require(len(draws[0]) == len(values), "privatize must return one report per value")
    require(np.array_equal(values, before), "privatize must not change its input")
    same = all(np.array_equal(a, b) for a, b in zip(*draws, strict=True))
    require(same, "privatize must draw the same reports for the same generator state")
    require(mechanism.epsilon > 10 or _varies(mechanism), "privatize must draw from rng")
    require(len(mechanism.privatize(values[:0], rng=rng)) == 0, "an empty batch gives no reports")
    for bad in ([-1], [mechanism.k], [0.5], [[0]]):
        try:
            mechanism.privatize(np.array(bad), rng=rng)
        except (ValueError, TypeError):
            continue
        raise AssertionError(f"privatize must refuse values {bad}")
    return "sampler: one report per value, reproducible, input untouched, bad values refused"


def _check_domain(mechanism: FiniteInputs, rng: np.random.Generator) -> str:
    """What lies outside, for inputs that are real numbers: nan, and beyond the first two inputs."""
    own, inputs = mechanism.mechanism, mechanism.inputs
    said = not hasattr(own, "aggregate") or getattr(own, "estimand", None) is not None
    require(said, "one with a domain and a server must say what it estimates, as estimand")
    if inputs.dtype.kind != "f":
        return f"domain: {own.domain}"
    for bad in (np.full_like(inputs[:1], math.nan), 2 * inputs[:1] - inputs[1:2]):
        try:
            own.privatize(bad, rng=rng)
        except (ValueError, TypeError):
            continue
        raise AssertionError(f"privatize must refuse {bad[0]} outside of {own.domain}")
    return f"domain: {own.domain}, inputs outside refused"


def _check_likelihood(mechanism: Any, rng: np.random.Generator) -> str:
    k, num_reports = mechanism.k, 20_000
    inputs = np.unique(np.linspace(0, k - 1, 4).astype(np.int64))
    claim = mechanism.epsilon
    tables: dict[Any, np.ndarray] = {}
    for own in inputs:
        reports = mechanism.privatize(np.full(num_reports, own), rng=rng)
        table = mechanism.log_likelihood(reports, inputs)
        tables[input_text(mechanism, int(own))] = table
        shape = (num_reports, len(inputs))
        require(table.shape == shape, "log_likelihood must be (n, len(values))")
        few = mechanism.log_likelihood(reports[:20])
        require(few.shape == (20, k), "log_likelihood must cover all k values by default")
        require(np.allclose(few[:, inputs], table[:20]), "values must select columns")
        if not Claim.of(mechanism).delta:
            spread = max(largest_ratio(few), largest_ratio(table))
            require(spread <= claim + 1e-9, f"log ratio {spread:.6f} exceeds epsilon {claim}")
    judge_likelihoods(tables, "reports")
    return f"likelihood: ratios within epsilon = {claim:g}, reports follow it"


def _varies(mechanism: Any) -> bool:
    """Whether two generators give different reports; more of them where noise is rare."""
    for num_reports in (200, 100_000):
        values = np.arange(num_reports) % mechanism.k
        one, two = (mechanism.privatize(values, rng=np.random.default_rng(s)) for s in (1, 2))
        if any(not np.array_equal(a, b) for a, b in zip(one, two, strict=True)):
            return True
    return False


def _check_exact_epsilon(mechanism: Any, rng: np.random.Generator) -> str:  # noqa: ARG001
    exact = float(mechanism.exact_epsilon())
    claim = math.inf if Claim.of(mechanism).delta else mechanism.epsilon + 1e-9
    require(0 < exact <= claim, f"exact epsilon {exact} exceeds the claim {mechanism.epsilon}")
    return f"exact epsilon: {exact:.9g} of {mechanism.epsilon:g}"


def _check_profile(mechanism: Any, rng: np.random.Generator) -> str:  # noqa: ARG001
    claim, delta = mechanism.epsilon, Claim.of(mechanism).delta
    profile = [float(mechanism.exact_delta(epsilon)) for epsilon in (0.0, claim / 2, claim)]
    falls = 1 >= profile[0] >= profile[1] >= profile[2] >= 0
    require(falls, f"exact_delta must fall with epsilon and lie in [0, 1], got {profile}")
    # A log ratio that is within 1e-9 of the claim, as the contract asks, allows as much here.
    require(
        profile[2] <= delta + 1e-9 * (1 - delta),
        f"exact delta {profile[2]:.9g} at epsilon {claim:g} exceeds the claim {delta:g}",
    )
    largest = mechanism.exact_epsilon() if isinstance(mechanism, HasExactEpsilon) else math.inf
    if math.isfinite(largest):
        beyond = mechanism.exact_delta(largest + 1e-9)
        require(beyond <= 1e-12, f"exact delta is {beyond} beyond the largest log ratio")
    return f"exact delta: {profile[2]:.6g} of {delta:g}"


def _check_profile_bound(mechanism: Any, rng: np.random.Generator) -> str:  # noqa: ARG001
    claim, delta = mechanism.epsilon, getattr(mechanism, "delta", 0.0)
    bounds = [float(mechanism.delta_upper(epsilon)) for epsilon in (0.0, claim / 2, claim)]
    falls = 1 >= bounds[0] >= bounds[1] >= bounds[2] >= 0
    require(falls, f"delta_upper must fall with epsilon and lie in [0, 1], got {bounds}")
    met = "proves the claim" if bounds[2] <= delta else "does not prove the claim"
    return f"delta at most {bounds[2]:.6g}: {met} of {delta:g}"


def _check_channel(mechanism: Any, rng: np.random.Generator) -> str:
    """Everything exact against the enumerated channel, and reports against it by chi-square."""
    k, claim = mechanism.k, mechanism.epsilon
    try:
        listed = mechanism.every_report()
    except ValueError:
        return "channel: too many reports to list"
    if len(listed) * k > CHANNEL_ENTRIES:
        return f"channel: {len(listed)} reports, not compared"
    table = mechanism.log_likelihood(listed)
    channel = np.exp(table).T
    off = float(np.abs(channel.sum(axis=1) - 1).max())
    require(off <= 1e-9, f"probabilities of all reports must sum to 1, got {off:.3g} off")
    largest = largest_ratio(table)
    if not Claim.of(mechanism).delta:
        require(largest <= claim + 1e-9, f"log ratio {largest:.6f} exceeds epsilon {claim}")
    if isinstance(mechanism, HasExactEpsilon):
        exact = float(mechanism.exact_epsilon())
        same = exact == largest or abs(exact - largest) <= 1e-9 * max(1.0, largest)
        more = isinstance(mechanism, FiniteInputs) and exact > largest  # by inputs not played
        require(same or more, f"exact_epsilon is {exact:.9g}, the largest log ratio {largest:.9g}")
    if isinstance(mechanism, HasBayesVulnerability):
        prior = rng.dirichlet(np.ones(k))
        exact, summed = mechanism.vulnerability(prior), channels.bayes_vulnerability(channel, prior)
        require(
            abs(exact - summed) <= 1e-9, f"vulnerability is {exact:.9g}, the channel's {summed:.9g}"
        )
    if isinstance(mechanism, HasExactDelta) and channel.size * k <= 8 * CHANNEL_ENTRIES:
        for epsilon in (0.0, claim / 2):
            exact, summed = mechanism.exact_delta(epsilon), channels.exact_delta(channel, epsilon)
            same = abs(exact - summed) <= 1e-9
            more = isinstance(mechanism, FiniteInputs) and exact > summed
            require(same or more, f"exact_delta is {exact:.9g}, the channel's {summed:.9g}")
    if isinstance(mechanism, HasDeltaUpper):
        bound, summed = mechanism.delta_upper(claim), channels.exact_delta(channel, claim)
        require(
            bound >= summed - 1e-9, f"delta_upper is {bound:.9g}, below the channel's {summed:.9g}"
        )
    for own in (0, k - 1):
        _check_law(mechanism, listed, channel[own], own, rng)
    return f"channel: {len(listed)} reports, sums to 1, exact figures agree, reports follow it"


def _check_law(
    mechanism: Any, listed: Any, law: np.ndarray, own: int, rng: np.random.Generator
) -> None:
    """Chi-square of 20,000 reports of one value; reports in bins of 50 expected or more."""
    from scipy.special import chdtrc

    text = input_text(mechanism, own)
    places = {np.asarray(report).tobytes(): place for place, report in enumerate(listed)}
    require(len(places) == len(listed), "every_report must list each report once")
    bins = (np.cumsum(law) * (DRAWN / 50) * (1 - 1e-12)).astype(np.int64)
    bins = np.unique(bins, return_inverse=True)[1]
    expected = np.bincount(bins, law) * DRAWN
    seen = np.zeros(expected.size)
    for report in mechanism.privatize(np.full(DRAWN, own), rng=rng):
        place = places.get(np.asarray(report).tobytes())
        require(place is not None, f"a report of {text} is not among those listed")
        seen[bins[place]] += 1
    thin = expected < 25  # what is left of a bin beside a heavy report
    if thin.any():
        expected = np.append(expected[~thin], expected[thin].sum())
        seen = np.append(seen[~thin], seen[thin].sum())
    if expected.size < 2:
        return
    statistic = float(((seen - expected) ** 2 / np.maximum(expected, 1e-300)).sum())
    chance = float(chdtrc(expected.size - 1, statistic))
    require(
        chance >= FALSE_ALARM / 2,
        f"reports of {text} do not follow the likelihood: chi-square {statistic:.1f} on "
        f"{expected.size - 1} degrees of freedom",
    )


def _check_vulnerability(mechanism: Any, rng: np.random.Generator) -> str:
    k, e = mechanism.k, math.exp(min(mechanism.epsilon, 700.0))
    uniform = float(mechanism.vulnerability())
    require(1 / k <= uniform * (1 + 1e-9), f"vulnerability {uniform} is below blind guessing")
    delta = Claim.of(mechanism).delta
    limit = (e + delta * (k - 1)) / (e + k - 1)
    require(uniform <= limit + 1e-9, f"vulnerability {uniform} exceeds the limit {limit}")
    prior = rng.dirichlet(np.ones(k))
    informed = float(mechanism.vulnerability(prior))
    require(prior.max() <= informed * (1 + 1e-9), "vulnerability is below the best blind guess")
    return f"vulnerability: {uniform:.6g} under a uniform prior"


def _check_estimate(mechanism: Any, rng: np.random.Generator) -> str:
    server, (values, histogram) = Server(mechanism), uneven_users(mechanism.k, rng)
    truth = server.truth(histogram)
    errors = np.empty((REPETITIONS, np.size(truth)))
    for row in errors:
        reports = mechanism.privatize(values, rng=rng)
        row[:] = server.estimate(mechanism.aggregate(reports), truth) - truth
    halves = mechanism.aggregate(reports[:100]) + mechanism.aggregate(reports[100:])
    whole = server.estimate(mechanism.aggregate(reports), truth)
    added = np.allclose(server.estimate(halves, truth), whole)
    require(added, "counts of two batches must add up")
    judge_errors(server, errors, histogram, "estimate")
    unbiased = "unbiased, " if getattr(server.estimand, "unbiased", True) else ""
    if isinstance(server.estimand, Frequencies) and unbiased:
        return "estimate: unbiased, batches add up, error as stated by mse"
    stated = ", error as stated" if server.exact(values.size, truth, histogram) else ""
    return f"estimate of {server.estimand.name}: {unbiased}batches add up{stated}"


def _check_counts(mechanism: Any, rng: np.random.Generator) -> str:
    """Sampled summaries: bias and error as above, and two samples against privatized users."""
    from scipy.stats import ks_2samp

    server, (values, histogram) = Server(mechanism), uneven_users(mechanism.k, rng)
    before, truth = histogram.copy(), server.truth(histogram)
    drawn, sampled = (np.empty((REPETITIONS, np.size(truth))) for _ in range(2))
    for one, two in zip(drawn, sampled, strict=True):
        reports = mechanism.privatize(values, rng=rng)
        one[:] = server.estimate(mechanism.aggregate(reports), truth) - truth
        counts = mechanism.sample_counts(histogram, rng=rng)
        two[:] = server.estimate(counts, truth) - truth
    require(np.array_equal(histogram, before), "sample_counts must not change its input")
    judge_errors(server, sampled, histogram, "the estimate from sample_counts")
    direction = rng.standard_normal(np.size(truth))
    for name, one, two in (
        ("a weighted sum of the estimate", drawn @ direction, sampled @ direction),
        ("the sum of the estimate", drawn.sum(axis=1).round(9), sampled.sum(axis=1).round(9)),
        ("the squared error", (drawn**2).mean(axis=1), (sampled**2).mean(axis=1)),
    ):
        # The exact law is not always found, and where both repeat their values neither is it exact.
        chance = ks_2samp(one, two, method="asymp").pvalue
        require(
            chance >= FALSE_ALARM / 3,
            f"sample_counts: {name} has another law than from privatized users (p = {chance:.1g})",
        )
    return "sampled counts: law of the aggregate of privatized users"


def _check_bits(mechanism: Any, rng: np.random.Generator) -> str:  # noqa: ARG001
    require(int(mechanism.bits) == mechanism.bits > 0, f"bits must be whole, got {mechanism.bits}")
    return f"bits: {mechanism.bits} a report"


def _check_value(mechanism: Any, rng: np.random.Generator) -> str:
    """A frozen dataclass is its parameters: equal after a round trip, wrong ones refused."""
    values = rng.integers(0, mechanism.k, 20)
    inputs = mechanism.inputs if isinstance(mechanism, FiniteInputs) else None
    mechanism = mechanism.mechanism if isinstance(mechanism, FiniteInputs) else mechanism
    values = values if inputs is None else inputs[values]
    kind = type(mechanism)
    given = {f.name: getattr(mechanism, f.name) for f in dataclasses.fields(kind) if f.init}
    shown = ast.parse(repr(mechanism), mode="eval").body
    require(
        isinstance(shown, ast.Call) and ast.unparse(shown.func) == kind.__qualname__,
        f"repr must be a call of the class, got {mechanism!r}",
    )
    spelled = {word.arg: word.value for word in shown.keywords}  # type: ignore[attr-defined]
    require(set(spelled) == set(given), f"repr must name every parameter, got {mechanism!r}")
    for name, tree in spelled.items():
        same = ast.unparse(tree) == ast.unparse(ast.parse(repr(given[name]), mode="eval").body)
        require(same, f"repr must show {name} = {given[name]!r}, got {mechanism!r}")
    wanted = mechanism.privatize(values, rng=np.random.default_rng(3))
    for how, again in (
        ("the parameters in its repr", kind(**given)),
        ("pickling", pickle.loads(pickle.dumps(mechanism))),  # noqa: S301 - its own bytes
    ):
        reports = again.privatize(values, rng=np.random.default_rng(3))
        same = again == mechanism and np.asarray(reports).tobytes() == np.asarray(wanted).tobytes()
        require(same, f"{how} must give the same mechanism again")
    nan, inf = math.nan, math.inf
    wrong = {
        "k": (1, 0, 2.5, "4"),
        "epsilon": (0.0, -1.0, nan, inf, "1"),
        "delta": (-0.1, 1.0, nan),
    }
    for name, bad in ((n, b) for n, choices in wrong.items() if n in given for b in choices):
        try:
            dataclasses.replace(mechanism, **{name: bad})
        except (ValueError, TypeError):
            continue
        raise AssertionError(f"{name} = {bad!r} must be refused")
    return "value: repr and pickle give the same mechanism, bad parameters refused"


#: Ability and check, in the order in which they run; a dataclass is also checked as a value.
CHECKS: tuple[tuple[Any, Check], ...] = (
    (Mechanism, _check_sampler),
    (FiniteInputs, _check_domain),
    (HasLikelihood, _check_likelihood),
    (HasExactEpsilon, _check_exact_epsilon),
    (HasExactDelta, _check_profile),
    (HasDeltaUpper, _check_profile_bound),
    (HasBayesVulnerability, _check_vulnerability),
    (HasReports, _check_channel),
    (FrequencyOracle, _check_estimate),
    (HasCounts, _check_counts),
    (HasBits, _check_bits),
)


def checks_of(mechanism: Any) -> list[Check]:
    """The checks that apply to a mechanism, by its abilities."""
    chosen = [check for ability, check in CHECKS if isinstance(mechanism, ability)]
    own = mechanism.mechanism if isinstance(mechanism, FiniteInputs) else mechanism
    return [*chosen, _check_value] if dataclasses.is_dataclass(own) else chosen
