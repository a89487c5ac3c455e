"""The listed reports are all there are, each once: their likelihoods are the whole channel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.contracts import HasReports
from ldpaudit.protocols import (
    GeneralizedRandomizedResponse,
    GeneralUnaryEncoding,
    ModularSubsetSelection,
    OptimizedUnaryEncoding,
    ScrambledSubsetSelection,
    SubsetSelection,
)
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer

from .channels import all_reports, defined_channel, enumerable, subsets

LISTED = ("grr", "ss", "sue", "oue", "ue", "the", "mss", "smss", "amss")


def mechanism(name: str, k: int, epsilon: float) -> Any:
    extra = {"p": 0.7} if name == "ue" else {}
    return ldpaudit.mechanism(name, k=k, epsilon=epsilon, **extra)


def codes(reports: npt.NDArray[Any]) -> list[bytes]:
    return [row.tobytes() for row in reports]


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize(("k", "epsilon"), [(2, 1.0), (3, 0.1), (8, 0.5), (9, 1.0), (10, 4.0)])
def test_the_list_is_the_channel(name: str, k: int, epsilon: float) -> None:
    m = mechanism(name, k, epsilon)
    able: object = m
    assert isinstance(able, HasReports)
    reports = m.every_report()
    sent = m.privatize(np.arange(2000) % k, rng=np.random.default_rng(61))
    assert reports.dtype == sent.dtype
    assert reports.shape[1:] == sent.shape[1:]
    listed = codes(reports)
    assert len(set(listed)) == len(listed)
    assert set(codes(sent)) <= set(listed)
    channel = np.exp(m.log_likelihood(reports))
    np.testing.assert_allclose(channel.sum(axis=0), np.ones(k), rtol=0, atol=1e-12)
    assert math.isclose(float((channel.max(axis=1) / k).sum()), m.vulnerability(), rel_tol=1e-9)


@pytest.mark.parametrize("m", enumerable()[::7], ids=repr)
def test_the_list_is_the_enumerated_one(m: Any) -> None:
    """The same reports as by going through all subsets, of the same probabilities."""
    naive, listed = codes(np.asarray(all_reports(m))), codes(m.every_report())
    assert sorted(naive) == sorted(listed)
    place = {code: index for index, code in enumerate(naive)}
    table = defined_channel(m)[[place[code] for code in listed]]
    np.testing.assert_allclose(np.exp(m.log_likelihood(m.every_report())), table, rtol=1e-9)


@pytest.mark.parametrize(("modulus", "size"), [(2, 1), (5, 5), (9, 8), (16, 3), (300, 1), (18, 9)])
def test_every_subset(modulus: int, size: int) -> None:
    """More rows than a chunk holds in the last case."""
    packed = SubsetRandomizer(modulus, 1.0, size).every_subset()
    bits = np.unpackbits(packed, axis=1, bitorder="little")
    np.testing.assert_array_equal(bits[:, :modulus], subsets(modulus, size))
    assert not bits[:, modulus:].any()


def test_lists_are_as_long_as_they_may_be() -> None:
    assert len(GeneralizedRandomizedResponse(k=2**20, epsilon=1.0).every_report()) == 2**20
    assert len(OptimizedUnaryEncoding(k=20, epsilon=1.0).every_report()) == 2**20
    assert len(SubsetSelection(k=22, epsilon=0.5).every_report()) == math.comb(22, 8)


@pytest.mark.parametrize(
    ("m", "total"),
    [
        (GeneralizedRandomizedResponse(k=2**20 + 1, epsilon=1.0), 2**20 + 1),
        (GeneralUnaryEncoding(k=21, epsilon=1.0, p=0.6), 2**21),
        (SubsetSelection(k=30, epsilon=0.5), math.comb(30, 11)),
        (ModularSubsetSelection(k=30, epsilon=0.5, moduli=(29, 30)),
         math.comb(29, 11) + math.comb(30, 11)),
        (ScrambledSubsetSelection(k=40, epsilon=0.1, moduli=(20,) * 6), 6 * math.comb(20, 10)),
    ],
    ids=repr,
)  # fmt: skip
def test_longer_lists_are_refused(m: Any, total: int) -> None:
    with pytest.raises(ValueError, match=f"a list of {total} reports is above the limit"):
        m.every_report()


def test_lists_too_long_to_be_counted_are_refused() -> None:
    for m in (
        OptimizedUnaryEncoding(k=22_000, epsilon=1.0),
        SubsetSelection(k=22_000, epsilon=1.0),
        SubsetSelection(k=2**20, epsilon=20.0),  # few, but each of 128 KB
    ):
        with pytest.raises(ValueError, match="limit"):
            m.every_report()


@pytest.mark.parametrize("name", ["blh", "olh"])
def test_seeds_are_too_many_to_list(name: str) -> None:
    assert not isinstance(ldpaudit.mechanism(name, k=4, epsilon=1.0), HasReports)
