"""Privacy profiles: exact ones against sums, empirical ones by repetition and exact laws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from scipy.special import ndtr

import ldpaudit
from ldpaudit.leakage import profile
from ldpaudit.leakage.profile import EmpiricalProfile, empirical_profile, privacy_profile

Floats = npt.NDArray[np.float64]
DENSE = np.linspace(0, 8, 161)


@dataclass(frozen=True)
class Table:
    """A mechanism by its channel; reports may be drawn from another one."""

    channel: tuple[tuple[float, ...], ...]
    drawn: tuple[tuple[float, ...], ...] | None = None
    epsilon: float = 1.0

    @property
    def k(self) -> int:
        return len(self.channel)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        ends = np.cumsum(self.drawn or self.channel, axis=1)[np.asarray(values)]
        return (rng.random((len(ends), 1)) >= ends[:, :-1]).sum(axis=1)

    def log_likelihood(self, reports: Any, values: npt.ArrayLike | None = None) -> Floats:
        rows = np.arange(self.k) if values is None else np.asarray(values)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.array(self.channel)[rows][:, reports]).T)

    def delta(self, epsilon: float) -> float:
        """Of input 0 against input 1, not the other way round."""
        first, second = self.channel[:2]
        factor = math.exp(epsilon)
        return sum(max(0.0, p - factor * q) for p, q in zip(first, second, strict=True))


@dataclass(frozen=True)
class Normal:
    """Two normal laws, `distance` standard deviations apart."""

    distance: float
    k: int = 2
    epsilon: float = 1.0

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        own = np.asarray(values)
        return self.distance * own + rng.standard_normal(own.size)

    def log_likelihood(self, reports: Any, values: npt.ArrayLike | None = None) -> Floats:
        centres = self.distance * (np.arange(2) if values is None else np.asarray(values))
        return np.asarray(-((reports[:, None] - centres) ** 2) / 2)

    def delta(self, epsilon: float) -> float:
        d = self.distance
        return float(ndtr(d / 2 - epsilon / d) - math.exp(epsilon) * ndtr(-d / 2 - epsilon / d))


@dataclass(frozen=True)
class Laplace:
    """Two Laplace laws at 0 and 1: epsilon = 1 / scale exactly, if numbers were real."""

    scale: float
    k: int = 2
    epsilon: float = 1.0

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        own = np.asarray(values)
        return own + rng.laplace(0, self.scale, own.size)

    def log_likelihood(self, reports: Any, values: npt.ArrayLike | None = None) -> Floats:
        centres = np.arange(2) if values is None else np.asarray(values)
        return np.asarray(-np.abs(reports[:, None] - centres) / self.scale)

    def delta(self, epsilon: float) -> float:
        return max(0.0, -math.expm1((epsilon - 1 / self.scale) / 2))


def response(k: int, epsilon: float, delta: float = 0.0) -> Table:
    """Randomized response; with probability delta it is the truth in any case."""
    lie = (1 - delta) / (math.exp(epsilon) + k - 1)
    rows = lie + (1 - k * lie) * np.eye(k)
    return Table(tuple(map(tuple, rows.tolist())))


MECHANISMS: dict[str, Any] = {
    "response": response(2, 1.0),
    "approximate response": response(5, 1.0, 0.05),
    "uneven": Table(((0.5, 0.3, 0.1, 0.05, 0.05), (0.05, 0.2, 0.2, 0.25, 0.3))),
    "normal": Normal(1.0),
}


def massart(m: Any, epsilons: Floats, trials: int, alpha: float, seed: int) -> Floats:
    """The bound by one-sided bands around both empirical laws of the score, at all thresholds."""
    rng = np.random.default_rng(seed)
    scores = []
    for own in (0, 1):
        likelihood = m.log_likelihood(m.privatize(np.full(trials, own), rng=rng))
        scores.append(np.sort(likelihood[:, 0] - likelihood[:, 1]))
    at = np.unique(np.concatenate(scores))
    hit, false_hit = (1 - np.searchsorted(s, at, "right") / trials for s in scores)
    margin = math.sqrt(math.log(2 / alpha) / (2 * trials))  # alpha / 2 each, neither halved
    lines = hit - margin - np.exp(epsilons)[:, None] * (false_hit + margin)
    return np.asarray(np.maximum(lines.max(axis=1), 0))


# ------------------------------------------------------------------- exact profiles


def test_exact_profile_by_formula_and_by_sum() -> None:
    grid = np.array([0.0, 0.3, 1.0, 2.0, 1e6])
    m: Any = ldpaudit.mechanism("grr", k=6, epsilon=1.2)
    formula = privacy_profile(m, grid)
    assert formula.how == "closed form"
    assert formula.deltas == pytest.approx([m.exact_delta(e) for e in grid], rel=1e-12)

    class Listing(Table):
        def every_report(self) -> Any:
            return np.arange(len(self.channel[0]))

    listed: Any = Listing(response(6, 1.2).channel)
    summed = privacy_profile(listed, grid)
    assert summed.how == "channel"
    assert summed.deltas == pytest.approx(formula.deltas, abs=1e-12)
    frame = summed.to_frame()
    assert list(frame.columns) == ["epsilon", "delta"]
    assert frame["delta"].tolist() == summed.deltas.tolist()
    assert privacy_profile(m, 0.0).deltas.shape == (1,)


def test_no_exact_profile() -> None:
    m: Any = Normal(1.0)
    with pytest.raises(TypeError, match="must have exact_delta or every_report, got Normal"):
        privacy_profile(m, [1.0])


# ------------------------------------------------------- one event: the law is exact


@pytest.mark.parametrize("alpha", [0.7, 0.2, 0.01, 1e-6])
def test_boxes_miss_with_probability_alpha(alpha: float) -> None:
    """Cell by cell of the grid that the boxes' corners make of two independent p-values."""
    a, b = profile._levels(alpha)
    assert (np.diff(a) > 0).all()
    assert (np.diff(b) < 0).all()
    lefts, bottoms = np.append(0.0, a), np.append(0.0, b[::-1])
    missed = 0.0
    for left, width in zip(lefts, np.diff(lefts, append=1.0), strict=True):
        for bottom, height in zip(bottoms, np.diff(bottoms, append=1.0), strict=True):
            if not ((left >= a) & (bottom >= b)).any():
                missed += width * height
    assert missed == pytest.approx(alpha, rel=1e-8)


def test_boxes_of_a_lenient_alpha() -> None:
    a, b = profile._levels(0.99)
    assert a.tolist() == b.tolist() == [0.5] * len(a)


@pytest.mark.parametrize("n", [1, 12, 40])
def test_one_event_is_covered(n: int) -> None:
    """By the exact law of both counts, whatever the two probabilities; and not by far."""
    alpha, worst = 0.1, 0.0
    x, y = (side.ravel() for side in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    none = np.zeros(1)
    hit, false_hit = EmpiricalProfile(none, (0, 1), n, alpha * x.size, none, x, y)._boxes
    for p in (0.02, 0.3, 0.5, 0.77, 0.95, 1.0):
        for q in (0.0, 0.01, 0.2, 0.5, 0.9):
            law = stats.binom.pmf(x, n, p) * stats.binom.pmf(y, n, q)
            missed = law[~((hit <= p) & (q <= false_hit)).any(axis=1)].sum()
            assert missed <= alpha + 1e-12
            worst = max(worst, float(missed))
    assert worst > (0.5 * alpha if n > 1 else 0)


# ---------------------------------------------------------------- the whole curve


@pytest.mark.parametrize("name", MECHANISMS)
def test_the_curve_is_covered_everywhere(name: str) -> None:
    """2,000 repetitions, all epsilons at once; a right bound fails less than once in 1e6."""
    alpha, repetitions, m = 0.3, 2000, MECHANISMS[name]
    exact = np.array([m.delta(epsilon) for epsilon in DENSE.tolist()])
    missed = 0
    for seed in range(repetitions):
        found = empirical_profile(m, DENSE[::10], trials=500, alpha=alpha, seed=seed)
        missed += bool((found.delta_lower(DENSE) > exact + 1e-12).any())
    error = 5 * math.sqrt(alpha * (1 - alpha) / repetitions)
    assert missed / repetitions <= alpha + error
    if name == "response":  # one event, whose alpha is well spent
        assert missed / repetitions >= alpha / 3


@pytest.mark.parametrize("name", MECHANISMS)
def test_the_curve_is_tight_and_below_the_truth(name: str) -> None:
    """At n = 2e5, nowhere above by alpha = 1e-6; margins of a few n^(-1/2)."""
    m, grid = MECHANISMS[name], np.linspace(0, 3, 16)
    found = empirical_profile(m, grid, trials=200_000, alpha=1e-6)
    exact = np.array([m.delta(epsilon) for epsilon in grid.tolist()])
    lower = found.delta_lower(grid)
    assert (lower <= exact).all()
    assert (exact - lower < 8 * np.exp(grid / 2) / math.sqrt(200_000)).all()
    assert (np.diff(lower) <= 0).all()
    assert found.thresholds.size <= 16
    frame = found.to_frame()
    assert list(frame.columns) == ["epsilon", "delta_lower"]
    assert frame["delta_lower"].tolist() == lower.tolist()


@pytest.mark.parametrize("name", MECHANISMS)
def test_tighter_than_bands_around_the_laws(name: str) -> None:
    """Than those of Dvoretzky, Kiefer, Wolfowitz and Massart: at every epsilon, by a third."""
    m, grid, n = MECHANISMS[name], np.linspace(0, 2, 9), 50_000
    exact = np.array([m.delta(epsilon) for epsilon in grid.tolist()])
    ours = np.zeros(grid.size)
    theirs = np.zeros(grid.size)
    for seed in range(5):
        ours += empirical_profile(m, grid, trials=n, seed=seed).delta_lower(grid) / 5
        theirs += massart(m, grid, n, 0.05, seed) / 5
    assert (theirs <= exact).all()
    assert (ours >= theirs).all()
    assert (exact - ours).sum() < (exact - theirs).sum() / 1.5


def test_one_event_where_one_tells_all() -> None:
    """A ratio of two levels is one event: more of them would cost alpha for nothing."""
    found = empirical_profile(response(4, 1.0), np.linspace(0, 0.9, 50))
    assert found.thresholds.tolist() == [0.0]
    assert found.epsilon_lower(0.0) > 0.97


def test_epsilon_and_delta_are_two_views_of_one_bound() -> None:
    found = empirical_profile(Normal(1.0), np.linspace(0, 3, 13))
    for delta in (0.0, 0.01, 0.1, 0.3):
        epsilon = found.epsilon_lower(delta)
        if epsilon >= 0:
            assert found.delta_lower(epsilon) == pytest.approx([delta], abs=1e-9)
    for epsilon in (0.0, 1.0, 2.0):
        delta = float(found.delta_lower(epsilon)[0])
        assert found.epsilon_lower(delta) == pytest.approx(epsilon, abs=1e-9)
    assert found.epsilon_lower(0.9) == -math.inf
    assert found.delta_lower([1e6]).tolist() == [0.0]


def test_a_false_likelihood_hides_nothing() -> None:
    """Reports that leak 2 where the likelihood says 1: at 1.5, above the claim, they are caught."""
    leaky = Table(response(4, 1.0).channel, drawn=response(4, 2.0).channel)
    for grid in ([1.5], [0.0, 1.0, 1.5, 3.0]):
        found = empirical_profile(leaky, grid, alpha=1e-6)
        truth = response(4, 2.0).delta(1.5)
        assert 0.9 * truth < found.delta_lower(1.5)[0] <= truth
        assert 1.9 < found.epsilon_lower(0.0) <= 2.0
    honest = empirical_profile(response(4, 1.0), [1.5], alpha=1e-6)
    assert honest.delta_lower(1.5)[0] == 0


def test_reports_that_only_one_input_sends() -> None:
    """Infinite ratios are scores like others: delta stays above 0 at any epsilon."""
    m = Table(((0.1, 0.9, 0.0), (0.0, 0.9, 0.1)))
    found = empirical_profile(m, [0.0, 2.0, 5.0], alpha=1e-6)
    assert found.thresholds.size == 1
    assert (found.delta_lower([0.0, 2.0]) > 0.09).all()
    assert (found.delta_lower(DENSE) <= 0.1).all()


def test_each_direction_of_a_pair_is_its_own() -> None:
    """One report that x sends, and x' never; x' sends nothing that x does not."""
    m = Table(((0.2, 0.8), (0.0, 1.0)))
    forth = empirical_profile(m, [0.5], pair=(0, 1))
    back = empirical_profile(m, [0.5], pair=(1, 0))
    assert forth.delta_lower(0.5)[0] > 0.19
    assert back.delta_lower(0.5)[0] == 0
    assert back.pair == (1, 0)


def test_the_arithmetic_is_not_the_mechanism() -> None:
    """Sums of floats round by low bits that tell the inputs apart: not part of the score."""
    m = Laplace(0.5)
    found = empirical_profile(m, np.linspace(0, 2, 21), alpha=1e-6)
    assert found.delta_lower(2.0)[0] == 0
    assert found.delta_lower(1.0)[0] == pytest.approx(m.delta(1.0), abs=0.02)
    rng = np.random.default_rng(0)
    raw = [m.log_likelihood(m.privatize(np.full(100_000, own), rng=rng)) for own in (0, 1)]
    hit, false_hit = (np.mean(table[:, 0] - table[:, 1] > 2) for table in raw)
    assert hit - math.exp(2) * false_hit > 0.01  # what a bound on them would report


def test_same_seed_same_curve() -> None:
    first, again, other = (empirical_profile(Normal(1.0), [0.5], seed=s) for s in (1, 1, 2))
    assert first.hits.tolist() == again.hits.tolist() != other.hits.tolist()


def test_refusals() -> None:
    m: Any = Normal(1.0)
    for epsilons, message in (
        ([-1.0], "epsilons must be finite numbers of at least 0"),
        ([math.nan], "epsilons must be finite"),
        ([], r"epsilons must have shape \(m >= 1,\), got \(0,\)"),
        ([[1.0]], r"got \(1, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            empirical_profile(m, epsilons)
        with pytest.raises(ValueError, match=message):
            privacy_profile(m, epsilons)
    with pytest.raises(ValueError, match="pair must name two different inputs"):
        empirical_profile(m, [1.0], pair=(1, 1))
    with pytest.raises(ValueError, match="every input of pair must be at most 1, got 2"):
        empirical_profile(m, [1.0], pair=(0, 2))
    with pytest.raises(ValueError, match="trials must be at least 1, got 0"):
        empirical_profile(m, [1.0], trials=0)
    wrong = Table(((1.0, 0.0), (1.0, 0.0)), drawn=((0.5, 0.5), (0.5, 0.5)))
    with pytest.raises(ValueError, match=r"each report must be possible under one of \[0, 1\]"):
        empirical_profile(wrong, [1.0])

    class Opaque:
        k, epsilon = 2, 1.0

        def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
            raise NotImplementedError

    with pytest.raises(TypeError, match="must have log_likelihood, got Opaque"):
        empirical_profile(Opaque(), [1.0])
