"""Functions as mechanisms: what becomes of their reports, and what is refused."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ldpaudit
from ldpaudit.adapters.callables import from_callable
from ldpaudit.bounds.planned import PosteriorOdds
from ldpaudit.counts import GuessCounts
from ldpaudit.sampling import stream
from ldpaudit.testing import components


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def response(value: int, rng: np.random.Generator) -> int:
    """Randomized response on 4 values: the truth has probability 0.8125, epsilon = ln 13."""
    return value if rng.random() < 0.75 else int(rng.integers(4))


def responses(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    lies = rng.random(values.size) >= 0.75
    values[lies] = rng.integers(4, size=int(lies.sum()))  # its own copy
    return values


def drawn(fn: Callable[..., Any], values: Any = (0, 1, 2), k: int = 4, **how: Any) -> np.ndarray:
    return from_callable(fn, k=k, epsilon=1.0, **how).privatize(np.asarray(values), rng=rng())


# --- the mechanism ---------------------------------------------------------------------------


@pytest.mark.parametrize(("fn", "batched"), [(response, False), (responses, True)])
def test_a_function_keeps_the_contract_of_a_mechanism(fn: Any, batched: bool) -> None:
    lines = components.check_mechanism(from_callable(fn, k=4, epsilon=2.6, batched=batched))
    assert lines[0].startswith("sampler: one report per value, reproducible, input untouched")


def test_the_public_name_is_the_same() -> None:
    assert ldpaudit.from_callable is from_callable


def test_its_name_is_its_repr() -> None:
    assert repr(from_callable(response, k=4, epsilon=1.0)) == "response"
    assert repr(from_callable(functools.partial(response), k=4, epsilon=1.0)) == "partial"
    named = from_callable(response, k=4, epsilon=1.0, delta=0.1, name="mine")
    assert (repr(named), named.name, named.delta) == ("mine", "mine", 0.1)


def test_it_can_be_pickled() -> None:
    m = from_callable(response, k=4, epsilon=1.0)
    again = pickle.loads(pickle.dumps(m))  # noqa: S301 - its own bytes
    values = np.arange(200) % 4
    assert again.privatize(values, rng=rng()).tolist() == m.privatize(values, rng=rng()).tolist()


def test_a_function_with_its_own_randomness_is_called_without_rng() -> None:
    m = from_callable(lambda value: value, k=3, epsilon=1.0, reproducible=False)
    assert not m.reproducible
    assert m.privatize([2, 0], rng=rng()).tolist() == [2, 0]
    batch = from_callable(
        lambda values: values + 1, k=3, epsilon=1.0, reproducible=False, batched=True
    )
    assert batch.privatize([2, 0], rng=rng()).tolist() == [3, 1]


def test_the_audit_of_a_function_judges_its_reports() -> None:
    """Posterior odds of 20,000 reports against ln 13 = 2.565; wrong once in a million."""
    m = from_callable(response, k=4, epsilon=2.6)
    own = stream(0, "coins").integers(0, 2, 20_000)
    reports = m.privatize(own, rng=rng(1))
    decided = reports < 2
    right = int((reports == own)[decided].sum())
    counts = GuessCounts(2, right, int(decided.sum()), own.size)
    lower = PosteriorOdds().from_guesses(counts, alpha=1e-6, delta=0.0, claimed=2.6)
    assert 2.3 < lower <= np.log(13)


# --- reports ---------------------------------------------------------------------------------


def nested(value: int, rng: np.random.Generator) -> Any:  # noqa: ARG001
    return np.arange(value, value + 2), value


@pytest.mark.parametrize(
    ("fn", "kind", "expected"),
    [
        (lambda v, _: v, "i", [0, 1, 2]),
        (lambda v, _: v > 0, "b", [False, True, True]),
        (lambda v, _: v / 2, "f", [0.0, 0.5, 1.0]),
        (lambda v, _: v if v else 0.5, "f", [0.5, 1.0, 2.0]),
        (lambda v, _: np.uint8(v), "u", [0, 1, 2]),
        (lambda v, _: "a" * v, "U", ["", "a", "aa"]),
        (lambda v, _: v or "none", "O", ["none", 1, 2]),
        (lambda v, _: bytes([v, 0]), "u", [[0, 0], [1, 0], [2, 0]]),
        (lambda v, _: (v, 2**62 + v), "i", [[v, 2**62 + v] for v in range(3)]),
        (lambda v, _: [float(v), 1.5], "f", [[0.0, 1.5], [1.0, 1.5], [2.0, 1.5]]),
        (lambda v, _: (v, "a"), "O", [[0, "a"], [1, "a"], [2, "a"]]),
        (lambda v, _: ("b", "a" * v), "U", [["b", ""], ["b", "a"], ["b", "aa"]]),
        (nested, "i", [[0, 1, 0], [1, 2, 1], [2, 3, 2]]),
        (lambda v, _: np.eye(2) * v, "f", (np.eye(2) * np.arange(3)[:, None, None]).tolist()),
        (lambda v, _: list(range(v)), "O", [(), (0,), (0, 1)]),
        (lambda v, _: {v, 1}, "O", [{0, 1}, {1}, {1, 2}]),
        (lambda v, _: 2**70 + v, "O", [2**70, 2**70 + 1, 2**70 + 2]),
    ],
)
def test_reports_become_an_array_by_user(fn: Any, kind: str, expected: Any) -> None:
    reports = drawn(fn)
    assert (reports.dtype.kind, reports.tolist()) == (kind, expected)


def test_seeds_of_64_bits_lose_no_bit() -> None:
    """Beside smaller ones, which are of a signed type, those above 2**63 must not be floats."""
    seeds = [5, 2**63 + 1, 2**64 - 1]
    assert drawn(lambda v, _: seeds[v]).tolist() == seeds
    assert drawn(lambda v, _: (seeds[v], 1)).tolist() == [[s, 1] for s in seeds]
    signed = [-1, 2**63 + 1, 0]
    assert drawn(lambda v, _: signed[v]).tolist() == signed


def test_objects_hold_python_values() -> None:
    reports = drawn(lambda v, _: (np.int64(v), "a"))
    assert all(type(entry) in (int, str) for entry in reports.ravel())


@pytest.mark.parametrize(
    "fn",
    [
        lambda values, _: np.eye(4)[values],
        lambda values, _: np.eye(4)[values].tolist(),
        lambda values, _: pd.DataFrame(np.eye(4)[values]),
        lambda values, _: list(np.eye(4)[values]),
        lambda values, _: np.eye(4)[values].astype(object),
    ],
)
def test_batches_of_any_kind_are_the_same_array(fn: Any) -> None:
    reports = drawn(fn, batched=True)
    assert reports.dtype == np.float64
    assert np.array_equal(reports, np.eye(4)[:3])


def test_a_structured_batch_stays_as_it_is() -> None:
    kind = np.dtype([("seed", np.uint64), ("bucket", np.uint8)])
    reports = drawn(lambda values, _: np.zeros(values.size, dtype=kind), batched=True)
    assert reports.dtype == kind


def test_no_user_no_report() -> None:
    def never(*_: Any) -> int:
        raise AssertionError

    for batched in (False, True):
        assert drawn(never, values=np.empty(0, dtype=int), batched=batched).shape == (0,)


# --- what is refused -------------------------------------------------------------------------

FORMS = (
    "a report must be a number, text, bytes, or a tuple, list, set, array or dictionary of "
    "numbers and "
)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (None, "a report must not be None, got None from fn for the value 3."),
        ((1, None), r"a report must not be None, got \(1, None\) from fn for the value 3."),
        (float("nan"), "a report must not be nan, got nan from fn for the value 3."),
        (np.array([1.0, np.nan]), r"a report must not be nan, got \[ 1. nan\] from fn"),
        ({"y": [1, None]}, r"must not be None, got \{'y': \[1, None\]\} from fn for the value 3."),
        ({"y": 1j}, FORMS + r"texts, got complex in {'y': 1j} from fn for the value 3."),
        (pd.NA, "a report must not be <NA>, got <NA> from fn for the value 3."),
        ((1, pd.NA), "a report must not be <NA>, got .* from fn for the value 3."),
        (pd.NaT, "a report must not be NaT, got NaT from fn for the value 3."),
        (pd.Series([1.0, np.nan]), "a report must not be nan, got .* from fn for the value 3."),
        (1j, FORMS + "texts, got complex 1j from fn"),
        (np.array([1j]), FORMS + "texts, got complex"),
        ((1, {2}), FORMS + r"texts, got set in \(1, \{2\}\) from fn"),
        (iter([1]), FORMS + "texts, got list_iterator <list_iterator"),
        (np.datetime64("2020-01-01"), FORMS + "texts, got datetime64"),
    ],
)
def test_what_is_no_report_is_refused_with_its_value(report: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        drawn(lambda _value, _rng: report, values=[3], name="fn")


class Tensor:
    """What a tensor of another library is: an array by `__array__`, and no truth value."""

    def __init__(self, entries: Any) -> None:
        self.entries = np.asarray(entries)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.entries

    def __eq__(self, other: object) -> Any:
        return Tensor(self.entries == other)

    def __bool__(self) -> bool:
        raise RuntimeError("truth value is ambiguous")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    "form", [pd.Series, pd.Index, np.asarray, Tensor, lambda v: pd.DataFrame([v]), tuple]
)
def test_what_has_an_array_is_a_report(form: Any) -> None:
    reports = drawn(lambda v, _: form([v, 7]))
    assert reports.reshape(3, -1).tolist() == [[0, 7], [1, 7], [2, 7]]
    assert drawn(lambda v, _: Tensor(v)).tolist() == [0, 1, 2]


def test_parts_of_several_sizes_stay_apart() -> None:
    """Written side by side, ([0], 1, 2) and ([0, 1], 2) would be the same report."""
    reports = drawn(lambda v, _: ([0], 1, 2) if v else ([0, 1], 2), values=[1, 0])
    assert reports.tolist() == [((0,), 1, 2), ((0, 1), 2)]


def test_bytes_of_several_lengths_and_dictionaries_stay_what_they_are() -> None:
    assert drawn(lambda v, _: bytes(v)).tolist() == [b"", b"\0", b"\0\0"]
    assert drawn(lambda v, _: {"y": v}).tolist() == [{"y": 0}, {"y": 1}, {"y": 2}]


@pytest.mark.parametrize(
    ("reports", "message"),
    [
        ([1, 2], "fn must return one report per value, got 2 for 3 values."),
        (7, "fn must return one report per value, got int for 3 values."),
        (None, "fn must return one report per value, got NoneType for 3 values."),
        (np.array([1.0, np.nan, 2.0]), "got nan from fn for the value 1."),
        ([1, None, 2], "got None from fn for the value 1."),
        (np.array([1j, 1, 1]), "got dtype complex128"),
    ],
)
def test_a_batch_must_be_one_report_a_value(reports: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        drawn(lambda _values, _rng: reports, batched=True, name="fn")


@pytest.mark.parametrize(
    ("batched", "message"),
    [
        (False, "bad failed on the value 2: ZeroDivisionError: division by zero"),
        (True, "bad failed on 2 values: ZeroDivisionError: division by zero"),
    ],
)
def test_an_error_inside_says_for_which_value(batched: bool, message: str) -> None:
    def bad(value: Any, rng: np.random.Generator) -> Any:  # noqa: ARG001
        return 1 / 0 if batched or value == 2 else value

    with pytest.raises(RuntimeError, match=message) as caught:
        drawn(bad, values=[0, 2], batched=batched)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_function_of_other_arguments_is_refused_at_once() -> None:
    def one(value):  # type: ignore[no-untyped-def]
        return value

    with pytest.raises(TypeError, match=r"fn must accept \(value, rng\), got one\(value\); repr"):
        from_callable(one, k=2, epsilon=1.0)
    with pytest.raises(TypeError, match=r"fn must accept \(values\), got response\(value.*int'\.$"):
        from_callable(response, k=2, epsilon=1.0, reproducible=False, batched=True)
    with pytest.raises(TypeError, match=r"fn must be a function, got int."):
        from_callable(3, k=2, epsilon=1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"k": 1}, "k must be at least 2"),
        ({"epsilon": 0.0}, "epsilon must be positive"),
        ({"epsilon": 800.0}, "epsilon must be at most 700"),
        ({"delta": 1.0}, "delta must lie in"),
    ],
)
def test_claims_out_of_range_are_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_callable(response, **({"k": 4, "epsilon": 1.0} | how))


def test_values_and_rng_are_checked() -> None:
    m = from_callable(response, k=4, epsilon=1.0)
    with pytest.raises(ValueError, match=r"values must lie in"):
        m.privatize([4], rng=rng())
    with pytest.raises(TypeError, match=r"rng must be a numpy"):
        m.privatize([0], rng=0)  # type: ignore[arg-type]


def test_decimals_are_the_texts_that_they_print() -> None:
    """Zeros at the end are seen by a receiver too."""
    rng = np.random.default_rng(0)
    for report, expected in (
        (Decimal("5.00"), "5.00"),
        ([Decimal("0.5"), Decimal(2)], ["0.5", "2"]),
        ((Decimal(1), (3, "a")), ["1", 3, "a"]),
    ):
        m = ldpaudit.from_callable({0: report, 1: report}.get, k=2, epsilon=1.0, reproducible=False)
        assert m.privatize([0], rng=rng).tolist() == [expected]
    nothing = ldpaudit.from_callable({0: Decimal("nan")}.get, k=2, epsilon=1.0, reproducible=False)
    with pytest.raises(ValueError, match="must not be nan"):
        nothing.privatize([0], rng=rng)


def test_an_async_function_is_refused_before_it_is_called() -> None:
    async def later(value: int, rng: Any) -> int:
        return value if rng is None else 0

    with pytest.raises(TypeError, match="async function later"):
        ldpaudit.from_callable(later, k=2, epsilon=1.0)

    class Called:
        async def __call__(self, value: int, rng: Any) -> int:
            return value if rng is None else 0

    with pytest.raises(TypeError, match="async function Called"):
        ldpaudit.from_callable(Called(), k=2, epsilon=1.0)
    hidden = ldpaudit.from_callable(lambda value, rng: later(value, rng), k=2, epsilon=1.0)
    with pytest.raises(TypeError, match="async function <lambda>"):
        hidden.privatize([0], rng=np.random.default_rng(0))

    class Later:
        k, epsilon = 2, 1.0

        async def privatize(self, values: Any, *, rng: Any) -> Any:
            return values if rng is None else []

    with pytest.raises(TypeError, match="got an async function"):
        ldpaudit.audit(Later())
