"""Every public entry with nonsense in the place of one or two arguments: an answer, or a sentence.

`make fuzz` tries more examples. A refusal is a ValueError or TypeError; anything else that is
raised, or an entry that does not return, is a fault.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ldpaudit
from ldpaudit import registry
from ldpaudit.adapters import histories
from ldpaudit.analysis import dominance, limits, recommendation, volumes
from ldpaudit.bounds import intervals
from ldpaudit.collecting import rounds, streams
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.data import dataset, priors, sources
from ldpaudit.leakage import capacity, channels, estimates, gain, linking, longitudinal, profile
from ldpaudit.testing import components, gate

pytestmark = pytest.mark.fuzz

CHANNEL = [[0.7, 0.3], [0.4, 0.6]]
GRR = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
L_GRR = ldpaudit.mechanism("l-grr", k=4, epsilon=1.0, epsilon_inf=2.0)
RECORDS = ldpaudit.mechanism("smp", sizes=(2, 3), epsilon=1.0)
FAKES = ldpaudit.mechanism("rsfd", sizes=(2, 3), epsilon=1.0)
USERS = dataset.DataSet("users", np.array([5, 3, 1, 1]))
FRAME = ldpaudit.compare(
    {"name": "s", "protocols": ["grr"], "epsilons": [1.0], "trials": 200, "repetitions": 2,
     "data": [{"name": "uniform", "k": 4}]}
).frame  # fmt: skip


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def collected(**options: Any) -> Any:
    """The first rounds; there may be any number of them."""
    return list(itertools.islice(rounds.evolve(rng=rng(), **options), 5))


def contract(**options: Any) -> Any:
    """The contract speaks by assertions."""
    try:
        return components.check_mechanism(**options)
    except AssertionError as error:
        raise ValueError(str(error)) from None


def answer(value: int, rng: np.random.Generator) -> int:
    return (value + int(rng.integers(2))) % 3


#: Entry -> what to call, and arguments with which it answers.
ENTRIES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "audit": (ldpaudit.audit, {
        "mechanism": GRR, "attacks": ["blind"], "trials": 200, "alpha": 0.05, "seed": 0,
        "bound": None, "pair": (0, 1), "prior": None, "histogram": None, "data": "x",
        "repetitions": 2, "verdict_alpha": 1e-4, "witness": None, "search": None,
        "stop_when": "budget", "jobs": 1}),
    "compare": (ldpaudit.compare, {
        "study": {"name": "s", "protocols": ["grr"], "epsilons": [1.0], "trials": 200,
                  "repetitions": 2, "data": [{"name": "uniform", "k": 4}]},
        "jobs": 1, "seed": 0, "quick": False, "cell_timeout": None, "backend": "loky",
        "scheduler": None}),
    "from_callable": (ldpaudit.from_callable, {
        "fn": answer, "k": 3, "epsilon": 1.0, "delta": 0.0, "name": "x"}),
    "from_samples": (ldpaudit.from_samples, {
        "first": [0, 1, 1], "second": [1, 0, 1], "epsilon": 1.0, "delta": 0.0, "name": "x"}),
    "frontier": (ldpaudit.frontier, {"k": 4, "epsilon": 1.0}),
    "success_interval": (intervals.success_interval, {"successes": 3, "trials": 9, "alpha": 0.05}),
    "check_mechanism": (contract, {"mechanism": GRR, "seed": 0}),
    "check_ldp": (gate.check_ldp, {
        "mechanism": GRR, "epsilon": 1.0, "delta": 0.0, "trials": 200, "alpha": 1e-3, "seed": 0}),
    "zipf": (priors.zipf, {"k": 4, "s": 1.0}),
    "spike": (priors.spike, {"k": 4}),
    "uniform": (priors.uniform, {"k": 4}),
    "apportion": (priors.apportion, {"frequencies": [0.5, 0.5], "num_users": 9}),
    "load": (sources.load, {"spec": "zipf", "k": 4, "num_users": 9, "seed": 0}),
    "DataSet": (dataset.DataSet, {
        "name": "x", "histogram": np.array([1, 2]), "labels": ("a", "b"), "sizes": (2,)}),
    "evolve": (collected, {"data": USERS, "rounds": 3, "change": 0.5}),
    "follow": (rounds.follow, {"mechanism": L_GRR, "values": [[0, 1, 2]], "rng": rng()}),
    "exposure": (longitudinal.exposure, {
        "mechanism": L_GRR, "prior": [0.25] * 4, "rounds": 3, "trials": 9, "rng": rng()}),
    "Repeated": (histories.Repeated, {"k": 4, "epsilon": 1.0, "base": "grr", "rounds": 3}),
    "ConstantHistory": (histories.ConstantHistory, {
        "k": 4, "epsilon": 1.0, "one_report": 0.5, "base": "l-grr", "rounds": 3}),
    "Histories": (histories.Histories, {"mechanism": L_GRR, "histories": [[0, 1], [1, 0]]}),
    "Change": (histories.Change, {"mechanism": L_GRR, "rounds": 3, "change_at": 1}),
    "aggregate": (streams.aggregate, {"mechanism": GRR, "source": [[0, 1], [2]], "chunk": 10}),
    "aggregate_files": (streams.aggregate_files, {"mechanism": GRR, "paths": [], "chunk": 10}),
    "privacy_profile": (profile.privacy_profile, {"mechanism": GRR, "epsilons": [0.0, 1.0]}),
    "empirical_profile": (profile.empirical_profile, {
        "mechanism": GRR, "epsilons": [0.0, 1.0], "pair": (0, 1), "trials": 200, "alpha": 0.05,
        "seed": 0}),
    "bayes_vulnerability": (channels.bayes_vulnerability, {"channel": CHANNEL, "prior": None}),
    "top_vulnerability": (channels.top_vulnerability, {"channel": CHANNEL, "t": 1, "prior": None}),
    "posterior": (channels.posterior, {"log_likelihood": [[0.0, -1.0]], "prior": None}),
    "min_entropy_leakage": (channels.min_entropy_leakage, {"channel": CHANNEL, "prior": None}),
    "exact_epsilon": (channels.exact_epsilon, {"channel": CHANNEL}),
    "exact_delta": (channels.exact_delta, {"channel": CHANNEL, "epsilon": 1.0}),
    "g_vulnerability": (gain.g_vulnerability, {
        "channel": CHANNEL, "gain": [[1.0, 0.0], [0.0, 1.0]], "prior": None}),
    "g_leakage": (gain.g_leakage, {
        "channel": CHANNEL, "gain": [[1.0, 0.0], [0.0, 1.0]], "prior": None}),
    "mutual_information": (capacity.mutual_information, {"channel": CHANNEL, "prior": None}),
    "min_capacity": (capacity.min_capacity, {"channel": CHANNEL}),
    "shannon_capacity": (capacity.shannon_capacity, {"channel": CHANNEL, "tolerance": 1e-6}),
    "estimate_vulnerability": (estimates.estimate_vulnerability, {
        "mechanism": GRR, "prior": None, "t": 1, "gain": None, "trials": 200, "alpha": 0.05,
        "seed": 0}),
    "estimate_mutual_information": (estimates.estimate_mutual_information, {
        "mechanism": GRR, "prior": None, "trials": 200, "alpha": 0.05, "seed": 0}),
    "prior_of": (estimates.prior_of, {"users": USERS}),
    "mse_without_epsilon": (limits.mse_without_epsilon, {"k": 4, "success": 0.5}),
    "non_dominated": (limits.non_dominated, {"success": [0.5, 0.6], "mse": [0.1, 0.2]}),
    "hypervolume": (volumes.hypervolume, {
        "success": [0.5, 0.6], "mse": [0.2, 0.1], "reference": (1.0, 1.0)}),
    "standings": (dominance.standings, {"frame": FRAME, "alpha": 0.05}),
    "recommend_from": (recommendation.recommend_from, {
        "frame": FRAME, "caps": {"max_success": 0.9}, "data": None, "epsilon": None,
        "alpha": 0.05}),
    "reidentify": (linking.reidentify, {
        "mechanism": RECORDS, "population": [0, 1, 5], "collections": 1, "top": 1, "trials": 20,
        "alpha": 0.05, "seed": 0}),
    "find_true_attribute": (linking.find_true_attribute, {
        "mechanism": FAKES, "population": [0, 1, 5], "trials": 20, "alpha": 0.05, "seed": 0}),
    "registry.load": (registry.load, {"group": "protocols", "name": "grr"}),
}  # fmt: skip

numbers = st.one_of(
    st.integers(-3, 9),
    st.sampled_from([10**12, 10**30, -(10**30)]),
    st.floats(),
    st.sampled_from([0.0, -0.5, 1.0, 1e-300, 1e300]),
)
arrays = st.sampled_from(
    [
        np.zeros(0),
        np.array(1.0),
        np.array([[0.5, 0.5], [np.nan, 1.0]]),
        np.array([2, -1, 0]),
        np.array([1.0, np.inf]),
        np.array(["a", "b"]),
        np.array([None, 1], dtype=object),
        np.zeros((2, 2, 2)),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
    ]
)
plain = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=4), st.binary(max_size=4))
nonsense = st.one_of(
    plain,
    arrays,
    st.lists(plain, max_size=3),
    st.lists(st.lists(numbers, max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), plain, max_size=2),
    st.sampled_from([object(), object, len, GRR, RECORDS, USERS, FRAME]),
)


def ends_well(call: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    """Whether it answers or refuses in words; whatever else it raises comes through."""
    try:
        call(**arguments)
    except (ValueError, TypeError) as error:
        return bool(str(error).strip())
    return True


@pytest.mark.parametrize("name", ENTRIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(choice=st.data())
def test_every_entry_answers_or_refuses(name: str, choice: Any) -> None:
    call, good = ENTRIES[name]
    places = choice.draw(st.lists(st.sampled_from(sorted(good)), min_size=1, max_size=2))
    changed = {place: choice.draw(nonsense, label=place) for place in places}
    assert ends_well(call, good | changed)


@pytest.mark.parametrize("name", [name for name in ENTRIES if name != "aggregate_files"])
def test_the_entries_answer(name: str) -> None:
    call, good = ENTRIES[name]
    call(**good)


@pytest.mark.parametrize("name", registry.names("protocols"))
@given(choice=st.data())
def test_every_protocol_is_built_or_refuses(name: str, choice: Any) -> None:
    good = {"k": 4, "sizes": (2, 3), "epsilon": 1.0, "epsilon_inf": 2.0, "delta": 1e-3}
    good |= {"p": 0.6, "base": "grr", "rounds": 2, "one_report": 0.5}
    accepted = inspect.signature(registry.load("protocols", name)).parameters
    usual = {n: v for n, v in good.items() if n in accepted}
    if name == "constant":
        usual["base"] = "l-grr"
    place = choice.draw(st.sampled_from(sorted(accepted)))
    changed = {place: choice.draw(nonsense, label=place)}
    assert ends_well(functools.partial(registry.mechanism, name), usual | changed)


@pytest.mark.parametrize("name", registry.names("bounds"))
@given(
    trials=st.integers(1, 10**7),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    candidates=st.integers(2, 50),
    alpha=st.floats(1e-9, 0.5),
    delta=st.sampled_from([0.0, 1e-6, 0.01]),
    claimed=st.floats(0.01, 50),
)
def test_every_bound_of_any_counts(
    name: str,
    trials: int,
    shares: tuple[float, float],
    candidates: int,
    alpha: float,
    delta: float,
    claimed: float,
) -> None:
    """A number that is no nan and no larger than what the counts could ever tell."""
    bound: Any = registry.create("bounds", name)
    if name == "gdp":  # a Gaussian trade-off has a delta
        delta = max(delta, 1e-6)
    decided = round(trials * shares[0])
    correct = round(decided * shares[1])
    how = {"alpha": alpha, "delta": delta, "claimed": claimed}
    found = []
    if hasattr(bound, "from_guesses"):
        counts = GuessCounts(candidates, correct, decided, trials)
        found.append(bound.from_guesses(counts, **how))
    if hasattr(bound, "from_event"):
        hits, false = round(trials * shares[0]), round(trials * shares[1])
        found.append(bound.from_event(EventCounts(hits, trials, false, trials), **how))
    assert found
    assert not np.isnan(found).any()
    assert max(found) < np.inf
