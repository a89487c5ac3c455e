"""Reports as bytes: round trips, sizes, every code once, and malformed messages refused."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldpaudit.arrays import Bytes
from ldpaudit.protocols import ModularSubsetSelection
from ldpaudit.protocols._kernels._bits import pack, subset_rows
from ldpaudit.protocols.modular._wire import SubsetCode

PAIR = ModularSubsetSelection(k=8, epsilon=1.0, moduli=(5, 7))  # C(5, 1), C(7, 2): 4 and 6 bits


def subsets(num_values: int, size: int, number: int, seed: int) -> Bytes:
    rng = np.random.default_rng(seed)
    own = rng.integers(0, num_values, number)
    return subset_rows(own, num_values, size, 1.0 if size == num_values else 0.5, rng)


@pytest.mark.parametrize("num_values", range(1, 10))
@pytest.mark.parametrize("leaf", [None, 3])
def test_every_subset_has_one_code_below_their_number(
    num_values: int, leaf: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With leaves of three values the merges of long ranks are enumerated too."""
    if leaf:
        monkeypatch.setattr(SubsetCode, "_leaf", leaf)
    for size in range(1, num_values + 1):
        code = SubsetCode(num_values, size)
        chosen = list(itertools.combinations(range(num_values), size))
        table = np.array([[j in subset for j in range(num_values)] for subset in chosen])
        rows = pack(table.astype(np.uint8))
        codes = code.encode(rows)
        assert sorted(codes) == list(range(math.comb(num_values, size)))
        np.testing.assert_array_equal(code.decode(codes), rows)


def test_short_ranks_are_colexicographic() -> None:
    code = SubsetCode(30, 4)
    for subset in itertools.islice(itertools.combinations(range(30), 4), 0, None, 97):
        row = np.zeros((1, 30), dtype=np.uint8)
        row[0, list(subset)] = 1
        naive = sum(math.comb(value, i + 1) for i, value in enumerate(subset))
        assert code.encode(pack(row)) == [naive]


@pytest.mark.parametrize(
    ("num_values", "size"),
    [
        *((1024, 5), (1024, 275), (64, 32), (66, 33), (67, 33), (128, 64), (129, 128)),
        *((200, 200), (1100, 296), (20_000, 5), (20_000, 360), (20_000, 5400)),
    ],
)
def test_codes_of_all_lengths_return(num_values: int, size: int) -> None:
    code = SubsetCode(num_values, size)
    rows = subsets(num_values, size, 20, seed=1)
    codes = code.encode(rows)
    assert max(codes).bit_length() <= code.bits
    assert all(code.fault(value) is None for value in codes)
    np.testing.assert_array_equal(code.decode(codes), rows)
    if code.ranked:  # the two ends of the range
        ends = [0, code.total - 1]
        assert code.encode(code.decode(ends)) == ends


@settings(derandomize=True, deadline=None)
@given(
    num_values=st.integers(1, 300), share=st.floats(0, 1), seed=st.integers(0, 99), data=st.data()
)
def test_codes_and_subsets_are_inverse(
    num_values: int, share: float, seed: int, data: st.DataObject
) -> None:
    code = SubsetCode(num_values, max(1, round(share * num_values)))
    rows = subsets(num_values, code.size, 5, seed)
    np.testing.assert_array_equal(code.decode(code.encode(rows)), rows)
    rank = data.draw(st.integers(0, code.total - 1))
    assert code.encode(code.decode([rank])) == [rank]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    k=st.integers(2, 60),
    epsilon=st.floats(0.1, 6),
    number=st.integers(0, 40),
    seed=st.integers(0, 99),
)
def test_reports_return_in_the_stated_bits(k: int, epsilon: float, number: int, seed: int) -> None:
    m = ModularSubsetSelection(k, epsilon, (k,) if k < 4 else (k - 1, k))
    rng = np.random.default_rng(seed)
    reports = m.privatize(rng.integers(0, k, number), rng=rng)
    messages = m.pack(reports)
    np.testing.assert_array_equal(m.unpack(messages), reports)
    assert max(m.wire_bits) == m.bits
    for message, block in zip(messages, reports["block"], strict=True):
        subset_bits = (math.comb(m.moduli[block], m.subset_sizes[block]) - 1).bit_length()
        bits = (len(m.moduli) - 1).bit_length() + subset_bits
        assert m.wire_bits[block] == bits
        assert len(message) == math.ceil(bits / 8)


@pytest.mark.parametrize(("epsilon", "ranked"), [(1.0, False), (4.0, True)])
def test_wire_bits_at_22000_values(epsilon: float, ranked: bool) -> None:
    moduli = (19_317, 19_993)
    m = ModularSubsetSelection(22_000, epsilon, moduli)
    reports = m.privatize(np.arange(12), rng=np.random.default_rng(2))
    messages = m.pack(reports)
    np.testing.assert_array_equal(m.unpack(messages), reports)
    sizes = [block.bits for block in m._design.blocks] if ranked else moduli
    assert m.wire_bits == tuple(1 + size for size in sizes)
    lengths = [math.ceil(m.wire_bits[block] / 8) for block in reports["block"]]
    assert [len(message) for message in messages] == lengths


def test_layout_is_block_then_rank_then_zeros() -> None:
    reports = PAIR.privatize([0] * 2, rng=np.random.default_rng(3))
    reports["block"], reports["subset"] = [0, 1], [[0b00100], [0b100001]]
    # rank C(2, 1) = 2 in three bits; rank C(0, 1) + C(5, 2) = 10 in five
    assert PAIR.pack(reports) == [bytes([0b0_010_0000]), bytes([0b1_01010_00])]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b"", r"message 1 of block 0 must have 1 bytes, got 0\."),
        (b"\x00\x00", r"message 1 of block 0 must have 1 bytes, got 2\."),
        (b"\x80\x00", r"message 1 of block 1 must have 1 bytes, got 2\."),
        (bytes([0b0_101_0000]), r"message 1 must have a rank below C\(5, 1\)\."),
        (bytes([0b1_10101_00]), r"message 1 must have a rank below C\(7, 2\)\."),
        (bytes([0b0_010_0001]), r"message 1 must be padded with zeros\."),
        (bytes([0b1_01010_10]), r"message 1 must be padded with zeros\."),
    ],
)
def test_malformed_messages_are_refused(message: bytes, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        PAIR.unpack([bytes([0b0_010_0000]), message])


def test_a_block_out_of_range_is_refused() -> None:
    m = ModularSubsetSelection(k=12, epsilon=1.0, moduli=(5, 7, 11))
    with pytest.raises(ValueError, match=r"message 0 must name a block below 3, got 3\."):
        m.unpack([b"\xc0\x00"])


def test_a_bitset_of_another_size_is_refused() -> None:
    m = ModularSubsetSelection(22_000, 1.0, (19_317, 19_993))
    message = bytearray(m.pack(m.privatize([5], rng=np.random.default_rng(4)))[0])
    message[100] ^= 0b1000
    with pytest.raises(ValueError, match=r"message 0 must hold \d+ residues, got \d+\."):
        m.unpack([bytes(message)])


@pytest.mark.parametrize("message", ["a", 3, None, bytearray(b"\x00")])
def test_messages_are_bytes(message: Any) -> None:
    with pytest.raises(TypeError, match=r"message 0 must be bytes, got \w+\."):
        PAIR.unpack([message])


def test_reports_of_another_mechanism_are_refused() -> None:
    reports = PAIR.privatize([1, 2], rng=np.random.default_rng(5))
    for block, subset in [(2, 1), (0, 0), (0, 0b11), (0, 0b100000), (1, 0b10000001)]:
        reports["block"][1], reports["subset"][1] = block, subset
        with pytest.raises(ValueError, match=r"reports (must name a block|of this block must)"):
            PAIR.pack(reports)
    with pytest.raises(ValueError, match="reports must be a vector of dtype"):
        PAIR.pack(np.zeros((2, 2), dtype=np.uint8))


@settings(derandomize=True, deadline=None)
@given(message=st.binary(max_size=3))
def test_what_is_accepted_is_what_would_be_sent(message: bytes) -> None:
    """Any bytes are either refused or the one message of the report they give."""
    for m in (PAIR, ModularSubsetSelection(k=20, epsilon=0.7, moduli=(13, 17, 19))):
        try:
            reports = m.unpack([message])
        except ValueError:
            continue
        assert m.pack(reports) == [message]
