"""Mechanisms of other packages, as they are installed: what those send is what is audited.

`PackageMechanism` wraps one of them by name; ``pip install 'ldpaudit[adapters]'`` installs
the packages.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import mtrand

from ldpaudit import validate
from ldpaudit.adapters.arrays import Raw
from ldpaudit.adapters.callables import from_callable
from ldpaudit.parameters import budget, parameters

#: A report of one value.
Client: TypeAlias = Callable[[int], Any]
#: From k, epsilon and a generator (for clients that take one) to a client.
Build: TypeAlias = Callable[[int, float, np.random.Generator], Client]


def _client(name: str, value: Any, made: Any) -> str:
    del name, made
    return validate.check_known("mechanism", value, _CLIENTS)


def _size(name: str, value: Any, made: PackageMechanism) -> int:
    k = validate.check_integer(name, value, 2)
    if made.name in _BINARY and k != 2:
        raise ValueError(f"k must be 2 for {made.name}, got {k}.")
    return k


@dataclass(frozen=True)
@parameters(name=_client, k=_size, epsilon=budget())
class PackageMechanism:
    """A mechanism of another package, sending what that package sends.

    Parameters
    ----------
    name : str
        Package and mechanism, for example ``"pure-ldp/oue"``; see `names`.
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget asked of the package, in natural-log units, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown or a parameter out of range; when reports are drawn, if the
        package is not installed.

    Notes
    -----
    Reports are those of the package, with few exceptions: of a locally hashed report the
    values that it supports are shown, shape (n, k), which is how its server reads it, as no
    witness could learn a hash function; packed bits are unpacked; a Bloom filter or a
    sketch has one hash function and no collisions; and an iterator is listed.

    The packages draw from the global states of numpy, of `random` and of numba. For the
    length of a call these states are lent streams from `rng`, and put back afterwards, so
    that reports follow from `rng` alone and nobody else's random numbers change; threads
    that draw from them at the same time would notice. opendp has no seed at all: there
    `reproducible` is False.

    Examples
    --------
    >>> PackageMechanism("pure-ldp/oue", k=10, epsilon=1.0)
    PackageMechanism(name='pure-ldp/oue', k=10, epsilon=1.0)
    >>> PackageMechanism("opendp/grr", k=10, epsilon=1.0).reproducible
    False
    """

    name: str
    k: int
    epsilon: float

    @property
    def reproducible(self) -> bool:
        """Whether the same generator gives the same reports."""
        return not self.name.startswith("opendp/")

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Raw:
        """Draw one report per value, one call of the package each."""
        own = validate.check_values(values, self.k)
        validate.check_generator(rng)
        try:
            import_module(_MODULES[self.name.partition("/")[0]])
        except ImportError as error:
            raise ValueError(
                f"{self.name} cannot be used: {error}; pip install 'ldpaudit[adapters]'."
            ) from error
        with _lent(rng):
            sent = from_callable(
                _CLIENTS[self.name](self.k, self.epsilon, rng),
                k=self.k,
                epsilon=self.epsilon,
                name=self.name,
                reproducible=False,  # its rng is lent
            )
            return sent.privatize(own, rng=rng)


def names() -> list[str]:
    """Return the mechanisms of other packages that `PackageMechanism` knows.

    Examples
    --------
    >>> names()[:2], len(names())
    (['diffprivlib/binary', 'diffprivlib/geometric'], 25)
    """
    return sorted(_CLIENTS)


@contextmanager
def _lent(rng: np.random.Generator) -> Iterator[None]:
    """Let code that draws from global states draw from `rng`; put the states back after."""
    seeds = rng.integers(2**32, size=2).tolist()
    bits, kept = mtrand.get_bit_generator(), mtrand._rand.get_state(legacy=False)
    python, numba = random.getstate(), sys.modules.get("numba")
    if numba is not None:  # compiled code has a state of its own, one a thread
        state, address = numba._helperlib, numba._helperlib.rnd_get_np_state_ptr()
        compiled = state.rnd_get_state(address)
        state.rnd_seed(address, seeds[0])
    random.setstate(random.Random(seeds[1]).getstate())  # noqa: S311 - no secret is drawn
    mtrand.set_bit_generator(rng.bit_generator)
    try:
        yield
    finally:
        mtrand.set_bit_generator(bits)
        mtrand._rand.set_state(kept)  # a normal deviate in store included
        random.setstate(python)
        if numba is not None:
            state.rnd_set_state(address, compiled)


def _multi_freq(module: str, *options: Any) -> Build:
    """A client of multi-freq-ldpy, called as (value, k, epsilon, ...)."""

    def build(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
        home = import_module(f"multi_freq_ldpy.pure_frequency_oracles.{module}")
        draw = getattr(home, f"{module}_Client")
        return lambda value: draw(value, k, epsilon, *options)

    return build


def _pure_ldp(client: str, **options: Any) -> Build:
    """A client of pure-ldp that counts its values from 0."""

    def build(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
        home = import_module("pure_ldp.frequency_oracles")
        made = getattr(home, client)(epsilon, k, index_mapper=int, **options)
        return lambda value: made.privatise(value)

    return build


def _supported(build: Build, *, optimal: bool) -> Build:
    """The values that a report (hash, seed) of local hashing supports, as bits."""

    def built(k: int, epsilon: float, rng: np.random.Generator) -> Client:
        draw, digest = build(k, epsilon, rng), import_module("xxhash").xxh32_intdigest
        buckets = round(math.exp(epsilon)) + 1 if optimal else 2

        def client(value: int) -> Raw:
            bucket, seed = draw(value)
            return np.array([digest(str(v), seed) % buckets == bucket for v in range(k)])

        return client

    return built


def _hadamard_response(k: int, epsilon: float, rng: np.random.Generator) -> Client:
    return _pure_ldp("HadamardResponseClient", hash_funcs=range(k))(k, epsilon, rng)


def _hadamard_mechanism(k: int, epsilon: float, rng: np.random.Generator) -> Client:
    """The package sends a list if it told the truth, else an iterator: here a list of both."""
    draw = _pure_ldp("HadamardMechClient", t=1)(k, epsilon, rng)
    return lambda value: list(draw(value))


def _count_mean_sketch(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
    """One hash function without collisions; its number is left out."""
    home = import_module("pure_ldp.frequency_oracles")
    made = home.CMSClient(epsilon, [int], k)
    return lambda value: made.privatise(value)[0]


def _rappor(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
    """One cohort, one hash function without collisions, and f as the package converts it."""
    home = import_module("pure_ldp.frequency_oracles")
    made = home.RAPPORClient(0.5, k, [[int]], num_of_cohorts=1, index_mapper=int)
    made.update_params(f=made.convert_eps_to_f(epsilon), hash_funcs=[[int]])
    return lambda value: made.privatise(value)[0]


def _opendp_response(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
    dp = _opendp()
    truth = 1 / (1 + (k - 1) * math.exp(-epsilon))
    draw: Client = dp.m.make_randomized_response(list(range(k)), truth)
    return draw


def _opendp_bool(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
    measurement = _opendp().m.make_randomized_response_bool(1 / (1 + math.exp(-epsilon)))
    return lambda value: measurement(bool(value))


def _opendp_bits(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
    """A bit per value; each is replaced by a fair coin with probability 2 / (1 + e^(epsilon/2))."""
    dp = _opendp()
    own = np.packbits(np.eye(k, dtype=np.uint8), axis=1)
    measurement = dp.m.make_randomized_response_bitvec(
        dp.bitvector_domain(max_weight=1),
        dp.discrete_distance(),
        f=2 / (1 + math.exp(epsilon / 2)),
    )
    return lambda value: np.unpackbits(
        np.frombuffer(measurement(own[value].tobytes()), dtype=np.uint8), count=k
    )


def _opendp() -> Any:
    dp = import_module("opendp.prelude")
    dp.enable_features("contrib")
    return dp


def _diffprivlib(mechanism: str) -> Build:
    """A mechanism for whole numbers, over which one user's value ranges from 0 to k - 1."""

    def build(k: int, epsilon: float, rng: np.random.Generator) -> Client:
        home = import_module("diffprivlib.mechanisms")
        state = np.random.RandomState(rng.bit_generator)
        bounds = {"lower": 0, "upper": k - 1} if mechanism.endswith("Truncated") else {}
        made = getattr(home, mechanism)(
            epsilon=epsilon, sensitivity=k - 1, random_state=state, **bounds
        )
        draw: Client = made.randomise
        return draw

    return build


def _diffprivlib_binary(k: int, epsilon: float, rng: np.random.Generator) -> Client:  # noqa: ARG001
    home = import_module("diffprivlib.mechanisms")
    state = np.random.RandomState(rng.bit_generator)
    made = home.Binary(epsilon=epsilon, value0="0", value1="1", random_state=state)
    return lambda value: made.randomise(str(value))


_MODULES = {
    "diffprivlib": "diffprivlib.mechanisms",
    "multi-freq-ldpy": "multi_freq_ldpy.pure_frequency_oracles.LH",
    "opendp": "opendp.prelude",
    "pure-ldp": "pure_ldp.frequency_oracles",
}
_BINARY = ("diffprivlib/binary", "opendp/bool")
_CLIENTS: dict[str, Build] = {
    "diffprivlib/binary": _diffprivlib_binary,
    "diffprivlib/geometric": _diffprivlib("Geometric"),
    "diffprivlib/geometric-truncated": _diffprivlib("GeometricTruncated"),
    "diffprivlib/laplace": _diffprivlib("Laplace"),
    "multi-freq-ldpy/adp": _multi_freq("ADP"),
    "multi-freq-ldpy/blh": _supported(_multi_freq("LH", False), optimal=False),
    "multi-freq-ldpy/grr": _multi_freq("GRR"),
    "multi-freq-ldpy/he": _multi_freq("HE"),
    "multi-freq-ldpy/olh": _supported(_multi_freq("LH", True), optimal=True),
    "multi-freq-ldpy/oue": _multi_freq("UE", True),
    "multi-freq-ldpy/ss": _multi_freq("SS"),
    "multi-freq-ldpy/sue": _multi_freq("UE", False),
    "opendp/bits": _opendp_bits,
    "opendp/bool": _opendp_bool,
    "opendp/grr": _opendp_response,
    "pure-ldp/blh": _supported(_pure_ldp("LHClient"), optimal=False),
    "pure-ldp/cms": _count_mean_sketch,
    "pure-ldp/de": _pure_ldp("DEClient"),
    "pure-ldp/he": _pure_ldp("HEClient"),
    "pure-ldp/hm": _hadamard_mechanism,
    "pure-ldp/hr": _hadamard_response,
    "pure-ldp/olh": _supported(_pure_ldp("LHClient", use_olh=True), optimal=True),
    "pure-ldp/oue": _pure_ldp("UEClient", use_oue=True),
    "pure-ldp/rappor": _rappor,
    "pure-ldp/sue": _pure_ldp("UEClient"),
}
