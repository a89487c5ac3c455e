"""Inputs inside the ball as directions at random, and reports as sums along and across them."""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Floats

#: Squared sine of the angle below which a vector counts as along another.
_NEARLY = 1e-4


def directions(own: Floats) -> tuple[Floats, Floats]:
    """Unit vectors and lengths; 0 is given the first axis."""
    lengths = np.sqrt(np.einsum("ij,ij->i", own, own))
    tiny = lengths < 1e-150  # its square is no number to divide by
    unit = own / np.where(tiny, 1.0, lengths)[:, None]
    unit[tiny] = 0.0
    unit[tiny, 0] = 1.0
    return unit, np.minimum(np.where(tiny, 0.0, lengths), 1.0)


def rounded_directions(own: Floats, rng: np.random.Generator) -> Floats:
    """Each x as x / ||x|| with probability (1 + ||x||) / 2, else -x / ||x||: the mean is x."""
    unit, lengths = directions(own)
    signs = np.where(rng.random(len(own)) < (1 + lengths) / 2, 1.0, -1.0)
    unit *= signs[:, None]
    return unit


def spread_around(
    block: Floats, unit: Floats, along: Floats, across: Floats | None, rng: np.random.Generator
) -> None:
    """Overwrite a block with along * unit + a vector across it.

    `across` are the lengths of those vectors, uniform in direction; None leaves them normal.
    """
    rng.standard_normal(out=block)
    shadow = np.einsum("ij,ij->i", block, unit)
    if across is not None:
        squares = np.einsum("ij,ij->i", block, block)
        rest = squares - shadow**2
        nearly = np.flatnonzero(rest < _NEARLY * squares)  # along it: the difference cancels
        if nearly.size:
            shadow[nearly] = 0.0
            block[nearly] = _across(block[nearly], unit[nearly])
            rest[nearly] = np.einsum("ij,ij->i", block[nearly], block[nearly])
        factor = across / np.sqrt(np.maximum(rest, 1e-300))
        block *= factor[:, None]
        shadow *= factor
    block += (along - shadow)[:, None] * unit


def _across(block: Floats, unit: Floats) -> Floats:
    """What is left of each row without its part along `unit`; twice, for the first leaves some."""
    for _ in range(2):
        block = block - np.einsum("ij,ij->i", block, unit)[:, None] * unit
    return block


def two_sided(log_law: Floats, log_mirrored: Floats, lengths: Floats) -> Floats:
    """Log density of reports of x from those of both directions, a column per input."""
    with np.errstate(divide="ignore"):
        there, back = np.log((1 + lengths) / 2), np.log((1 - lengths) / 2)
    return np.asarray(np.logaddexp(log_law + there, log_mirrored + back))
