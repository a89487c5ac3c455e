"""Points of a projective space over a prime field, and which of them are orthogonal.

The points of F_q^t are its vectors whose first nonzero coordinate is 1. They
are numbered with the latest leading one first and then as numbers in base q;
block j, the points with j coordinates after the one, holds the numbers from
(q^j - 1) / (q - 1) on. Reports and values are both such points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats, Ints

Counts = npt.NDArray[np.signedinteger]
Factors = Floats | Ints

_SPARSE = 4  # one message of a sparse step costs about as much as four cells of a dense one
_LONG_RUN = 2048  # cells from which a run is worth its own call
_CHUNK = 2**18  # messages decoded at a time


def prime_from(low: int) -> int:
    """Smallest odd prime of at least `low`."""
    candidate = max(3, low | 1)
    while any(candidate % d == 0 for d in range(3, int(candidate**0.5) + 1, 2)):
        candidate += 2
    return candidate


def inverses(numbers: Ints, q: int) -> Ints:
    """Multiplicative inverses modulo the prime q (0 stays 0), by Fermat's little theorem."""
    if q < numbers.size:
        return inverses(np.arange(q), q)[numbers]
    power, out = numbers, np.ones_like(numbers)
    for bit in bin(q - 2)[:1:-1]:
        if bit == "1":
            out = out * power % q
        power = power * power % q
    return out


@dataclass(frozen=True)
class ProjectiveSpace:
    """The (q^t - 1) / (q - 1) points of F_q^t, q an odd prime, t at least 2."""

    q: int
    t: int

    @cached_property
    def powers(self) -> Ints:
        """q^j for j < t: how many points block j holds."""
        return self.q ** np.arange(self.t)

    @cached_property
    def starts(self) -> Ints:
        """Number of the first point of each block."""
        return (self.powers - 1) // (self.q - 1)

    @property
    def size(self) -> int:
        """Number of points."""
        return int((self.q**self.t - 1) // (self.q - 1))

    def digits(self, numbers: Ints) -> Ints:
        """Digits in base q, most significant first, shape (t, n)."""
        out = np.empty((self.t, numbers.size), dtype=np.int64)
        rest = numbers
        for row in out[:0:-1]:
            higher = rest // self.q
            np.subtract(rest, higher * self.q, out=row)
            rest = higher
        out[0] = rest
        return out

    def blocks(self, points: Ints) -> Ints:
        """Block of each point: how many coordinates follow its leading one."""
        return np.searchsorted(self.starts, points, side="right") - 1

    def coordinates(self, points: Ints) -> Ints:
        """Coordinates of numbered points, shape (t, n)."""
        block = self.blocks(points)
        return self.digits(points + (self.powers - self.starts)[block])

    def numbers(self, vectors: Ints) -> Ints:
        """Number of the point that each nonzero column of shape (t, n) is a multiple of."""
        lead = vectors[-1]
        for row in vectors[-2::-1]:
            lead = np.where(row != 0, row, lead)
        scaled = vectors * inverses(lead, self.q) % self.q
        value = self.powers[::-1] @ scaled
        block = np.searchsorted(self.powers, value, side="right") - 1
        return np.asarray(value - (self.powers - self.starts)[block])

    def factors(self, points: Ints) -> Factors:
        """Coordinates, shape (t, n), in a type that holds the products of two points exactly."""
        vectors = self.coordinates(points)
        return vectors.astype(np.float64) if self.t * self.q**2 < 2**53 else vectors

    def orthogonal_table(self, rows: Factors, columns: Factors) -> Bools:
        """Which of the points (t, n) and (t, m) of `factors` are orthogonal, shape (n, m)."""
        product = rows.T @ columns
        if product.dtype == np.int64:
            return np.asarray(product % self.q == 0)
        # A multiple of q, and no other whole number, is q times a rounded quotient.
        nearest = product * (1 / self.q)
        np.rint(nearest, out=nearest)
        nearest *= self.q
        return np.asarray(nearest == product)

    def orthogonal(self, vector: list[int]) -> Ints:
        """Number of every point orthogonal to a nonzero vector; its last nonzero entry decides.

        The other t - 1 coordinates of such a point are free and hold its leading one.
        """
        q, t = self.q, self.t
        last = max(i for i in range(t) if vector[i])
        scale = -pow(vector[last], -1, q)
        free = [i for i in range(t) if i != last]
        slopes = [vector[i] * scale % q for i in free]
        digit = np.arange(q)
        solved = _spread(slopes, [slope * digit % q for slope in slopes])
        places = [int(self.powers[t - 1 - i]) for i in free]
        leads = [int(self.starts[t - 1 - i]) for i in free]
        numbers = _spread(leads, [place * digit for place in places])
        return numbers + solved % q * int(self.powers[t - 1 - last])

    def draw(self, points: Ints, products: Ints, rng: np.random.Generator) -> Ints:
        """Draw a uniform point with inner product 0, or not 0, with each of the named ones.

        `products` holds 0 or 1. Of the multiples of a point off the hyperplane
        one has product 1, of one on it q - 1 have product 0; so a uniform vector
        is drawn: t - 1 free coordinates, then the one that they leave.
        """
        free = rng.integers(np.where(products, 0, 1), self.q ** (self.t - 1))
        drawn, point = self.digits(free), self.coordinates(points)
        row, column = self.t - 1 - self.blocks(points), np.arange(points.size)
        # The first digit of `free` is 0: it makes room for the coordinate at the point's one.
        drawn[0] = drawn[row, column]
        drawn[row, column] = 0
        product = (drawn * point).sum(axis=0)
        drawn[row, column] = (products - product) % self.q
        return self.numbers(drawn)

    def count_orthogonal(self, points: Ints, num_values: int, weights: Ints | None = None) -> Ints:
        """How many of `points` are orthogonal to each of the first `num_values`.

        By the place of the last nonzero coordinate of a message, scaled to 1:
        given all coordinates of a value but the one at that place, one digit
        there makes the two orthogonal. Messages of few kinds are counted first;
        `weights` are such counts, of fewer than 2**53 messages.
        """
        out = np.zeros(num_values, dtype=np.int64)
        if weights is None and points.size > self.size:
            tallies = np.bincount(points)
            points = np.flatnonzero(tallies)
            weights = tallies[points]
        for start in range(0, points.size, _CHUNK):
            chunk = slice(start, start + _CHUNK)
            vectors, chosen = self.coordinates(points[chunk]), None
            if weights is not None:
                chosen = weights[chunk]
            for end in range(self.t - 1, -1, -1):
                here = vectors[end] != 0
                self._add_ending(out, vectors[: end + 1, here], _where(chosen, here))
                vectors, chosen = vectors[:, ~here], _where(chosen, ~here)
        return out

    def _add_ending(self, out: Ints, vectors: Ints, weights: Ints | None) -> None:
        """Add the messages whose last nonzero coordinate is the last row, 0s after it left out."""
        end, num_messages = len(vectors) - 1, vectors.shape[1]
        tail = int(self.powers[self.t - 1 - end])
        # Values that lead after that coordinate are orthogonal to all of them.
        later = int(self.starts[self.t - 1 - end])
        out[:later] += num_messages if weights is None else weights.sum()
        if num_messages == 0:
            return
        heads = vectors[:-1] * inverses(vectors[-1], self.q) % self.q
        for lead in range(end):
            block = self.t - 1 - lead
            part = out[int(self.starts[block]) :][: int(self.powers[block])]
            if part.size:
                counts = affine_counts(self.q, heads[lead:], weights, -(-part.size // tail))
                part += counts if tail == 1 else np.repeat(counts, tail)[: part.size]


def affine_counts(q: int, heads: Ints, weights: Ints | None, rows: int) -> Ints:
    """Count the messages with s + w_1 b_1 + ... + w_m b_m + b = 0 for the first `rows` (b_1..b).

    `heads` has the rows s, w_1, ..., w_m. A step trades one w for one b; the
    cells of a layer are (w, s, values so far, w still to come).
    """
    steps = len(heads) - 1
    if steps == 0:
        last = (q - heads[0]) % q
        inside = last < rows
        return _bincount(last[inside], _where(weights, inside), rows).astype(np.int64)
    cells = q ** (steps - 1)
    rest = np.zeros(heads.shape[1], dtype=np.int64)
    for row in heads[2:]:
        rest = rest * q + row
    digits = min(q, -(-rows // (q * cells)))
    if q * q * cells <= _SPARSE * heads.shape[1]:
        key = (heads[1] * q + heads[0]) * cells + rest
        layer = _dense_step(
            _bincount(key, weights, q * q * cells).reshape(q, q, cells), digits
        ).reshape(digits, q, 1, cells)
    else:
        layer = _sparse_step(q, heads, weights, rest, (digits, q, 1, cells))
    while cells > 1:
        done, cells = layer.shape[0] * layer.shape[2], cells // q
        # (b, s, values, w and the rest) to (w, s, values with b, the rest)
        split = layer.reshape(layer.shape[0], q, layer.shape[2], q, cells)
        table = np.ascontiguousarray(split.transpose(3, 1, 2, 0, 4)).reshape(q, q, done * cells)
        digits = q if done > 1 else min(q, -(-rows // (q * cells)))
        layer = _dense_step(table, digits).reshape(digits, q, done, cells)
    final = layer[..., 0].transpose(2, 0, 1).reshape(-1, q)
    return final[:, -np.arange(q) % q].ravel()[:rows].astype(np.int64)


def _sparse_step(
    q: int, heads: Ints, weights: Ints | None, rest: Ints, shape: tuple[int, int, int, int]
) -> Counts:
    """First step, message by message: s becomes s + w_1 b for each digit b."""
    layer = np.empty((shape[0], q * shape[3]), dtype=_cell_type(weights))
    total = heads[0].copy()
    for row in layer:
        row[:] = np.bincount(total * shape[3] + rest, weights, row.size)
        total += heads[1]
        total -= q * (total >= q)
    return layer.reshape(shape)


def _dense_step(table: Counts, digits: int) -> Counts:
    """Sum over w of table[w, s - w b] for each digit b, cell by cell: shape (digits, q, batch)."""
    q, _, batch = table.shape
    run = q * batch
    doubled = np.concatenate((table, table), axis=1).reshape(q, 2 * run)
    windows = np.lib.stride_tricks.sliding_window_view(doubled, run, axis=1)[:, ::batch]
    out = np.empty((digits, run), dtype=table.dtype)
    every = np.arange(q)
    for b, row in enumerate(out):
        shifts = -b * every % q
        if run < _LONG_RUN:
            windows[every, shifts].sum(axis=0, dtype=table.dtype, out=row)
        else:
            row[:] = windows[0, 0]
            for w, shift in enumerate(shifts[1:].tolist(), 1):
                row += windows[w, shift]
    return out.reshape(digits, q, batch)


def _where(weights: Ints | None, mask: Bools) -> Ints | None:
    return None if weights is None else weights[mask]


def _bincount(keys: Ints, weights: Ints | None, size: int) -> Counts:
    """Count keys below `size`; floats carry the weights exactly, they sum to less than 2**53."""
    return np.bincount(keys, weights, minlength=size).astype(_cell_type(weights))


def _cell_type(weights: Ints | None) -> type[np.int32] | type[np.int64]:
    """Integers that hold the counts of a chunk of messages: narrow ones as a rule."""
    return np.int32 if weights is None or weights.sum() < 2**31 else np.int64


def _spread(leads: list[int], steps: list[Ints]) -> Ints:
    """For every point: its leading coordinate's number plus its other coordinates' steps."""
    tail = np.zeros(1, dtype=np.int64)
    blocks = [leads[-1] + tail]
    for lead, step in zip(leads[-2::-1], steps[:0:-1], strict=True):
        tail = (step[:, None] + tail).ravel()
        blocks.append(lead + tail)
    return np.concatenate(blocks)
