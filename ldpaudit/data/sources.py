"""Who holds which value: synthetic priors, bundled histograms, a column of your own file."""

from __future__ import annotations

import gzip
import hashlib
import math
import re
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.data.columns import NUMBER, coded, header

if TYPE_CHECKING:
    from ldpaudit.contracts import Floats, Values

#: Users of a data set that has only shares and was not told how many.
DEFAULT_NUM_USERS = 10_000

#: Above this, shares times users no longer resolve single users in double precision.
MAX_USERS = 10**12

_FILE = re.compile(r"(.+?\.(?:csv|csv\.gz|parquet|pq)):(.*)", re.DOTALL | re.IGNORECASE)
_SYNTHETIC = re.compile(rf"([a-z]+)(?:\(({NUMBER.pattern})\))?")

_PRIORS = {
    "zipf": "shares proportional to 1 / rank^s; zipf(1.5) sets s, else 1",
    "spike": "all users hold value 0, the hardest histogram for a uniform error",
    "uniform": "all values equally frequent",
    "dirichlet": "random shares; dirichlet(0.5) sets the concentration, else 1",
}
_ADULT = (
    "Becker, B. and Kohavi, R. (1996). Adult. UCI Machine Learning Repository, "
    "doi:10.24432/C5XW20, CC BY 4.0. Changed: a histogram of one column, "
    "from the 45,222 rows without missing values."
)
_SURNAMES = "US Census Bureau, Frequently Occurring Surnames from Census 1990. Public domain."

#: Name -> file in histograms/, description, attribution.
_BUNDLED = {
    "adult-age": ("adult_age.csv", "age of 45,222 people, 74 values (UCI Adult)", _ADULT),
    "adult-hours": (
        "adult_hours.csv",
        "weekly working hours of 45,222 people, 96 values (UCI Adult)",
        _ADULT,
    ),
    "us-surnames": (
        "us_surnames.csv.gz",
        "shares of the 22,000 most frequent US surnames (Census 1990)",
        _SURNAMES,
    ),
}


@dataclass(frozen=True, eq=False)
class DataSet:
    """How many users hold each of k values.

    Attributes
    ----------
    name : str
        What it is called in tables.
    histogram : ndarray of int64, shape (k,)
        Users holding each value; read-only.
    labels : tuple of str or None
        What the k values mean, if they mean anything.
    notice : str
        Attribution to print beside results, empty for synthetic data and the user's own.
    sizes : tuple of int or None
        Numbers of values of the attributes if the k values are records of several: k is their
        product, and records are numbered with the last attribute running fastest.

    Raises
    ------
    TypeError, ValueError
        If the histogram is not at least two whole numbers of at least 0 with
        a positive sum, or there is not one label a value.

    Examples
    --------
    >>> data = DataSet("coins", np.array([3, 1]), labels=("heads", "tails"))
    >>> data.k, data.num_users, data.frequencies
    (2, 4, array([0.75, 0.25]))
    >>> data.users()
    array([0, 0, 0, 1])
    """

    name: str
    histogram: Values
    labels: tuple[str, ...] | None = None
    notice: str = ""
    sizes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        given = np.asarray(self.histogram)
        if given.dtype.kind not in "iu":
            raise TypeError(f"histogram must be whole numbers, got dtype {given.dtype}.")
        if given.ndim != 1 or given.size < 2:
            raise ValueError(f"histogram must have shape (k,) with k >= 2, got {given.shape}.")
        if given.min() < 0 or given.max() == 0:
            raise ValueError("histogram must hold counts of at least 0 and at least one user.")
        if self.labels is not None and len(self.labels) != given.size:
            raise ValueError(f"labels must name {given.size} values, got {len(self.labels)}.")
        if self.sizes is not None:
            sizes = tuple(validate.integer("every size", m, 2, given.size) for m in self.sizes)
            if math.prod(sizes) != given.size:
                raise ValueError(f"sizes must have the product {given.size}, got {sizes}.")
        histogram = given.astype(np.int64)
        histogram.flags.writeable = False
        object.__setattr__(self, "histogram", histogram)

    @property
    def k(self) -> int:
        """Number of values."""
        return self.histogram.size

    @cached_property
    def num_users(self) -> int:
        """Number of users."""
        return int(self.histogram.sum())

    @property
    def frequencies(self) -> Floats:
        """Share of the users holding each value, shape (k,)."""
        return self.histogram / self.num_users

    def users(self) -> Values:
        """Return one value a user in ascending order, shape (num_users,), int64."""
        return np.repeat(np.arange(self.k, dtype=np.int64), self.histogram)


def zipf(k: int, s: float = 1.0) -> Floats:
    """Return probabilities proportional to 1 / rank^s, shape (k,).

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2 or `s` not positive and finite.

    Examples
    --------
    >>> zipf(3).round(3)
    array([0.545, 0.273, 0.182])
    """
    k, s = validate.integer("k", k, 2, validate.MAX_DOMAIN), validate.positive("s", s)
    weights = np.arange(1, k + 1, dtype=np.float64) ** -s
    out: Floats = weights / weights.sum()
    return out


def spike(k: int) -> Floats:
    """Return the prior of value 0 alone, shape (k,).

    The hardest histogram for a uniform error: with fixed users the error of an
    unbiased linear estimate is the mean of what each user's value costs, so no
    histogram is worse than all users on the costliest value (which is value 0
    where a mechanism treats all values alike).

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2.

    Examples
    --------
    >>> spike(3)
    array([1., 0., 0.])
    """
    out = np.zeros(validate.integer("k", k, 2, validate.MAX_DOMAIN))
    out[0] = 1.0
    return out


def uniform(k: int) -> Floats:
    """Return equal probabilities, shape (k,).

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2.

    Examples
    --------
    >>> uniform(4)
    array([0.25, 0.25, 0.25, 0.25])
    """
    k = validate.integer("k", k, 2, validate.MAX_DOMAIN)
    return np.full(k, 1 / k)


def dirichlet(k: int, concentration: float = 1.0, *, rng: np.random.Generator) -> Floats:
    """Draw probabilities from a symmetric Dirichlet law, shape (k,).

    Concentration 1 is uniform over the simplex; smaller is more uneven.

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2, `rng` is no Generator, or
        `concentration` is not positive or too extreme to draw from.

    Examples
    --------
    >>> float(dirichlet(5, 0.5, rng=np.random.default_rng(0)).sum().round(12))
    1.0
    """
    k = validate.integer("k", k, 2, validate.MAX_DOMAIN)
    alpha = np.full(k, validate.positive("concentration", concentration))
    with np.errstate(all="ignore"):
        out = validate.generator(rng).dirichlet(alpha)
    if not abs(out.sum() - 1) < 1e-9:
        raise ValueError(f"concentration is too extreme to draw from, got {concentration!r}.")
    return out


def apportion(frequencies: npt.ArrayLike, num_users: int) -> Values:
    """Turn shares into whole users by the largest-remainder method.

    Every value gets the whole part of its quota (share times `num_users`); the
    users left over go one each to the largest remainders. Remainders that agree
    to nine decimals tie, and a tie goes to the lower value.

    Parameters
    ----------
    frequencies : array_like, shape (k,)
        Shares of at least 0; they need not sum to 1.
    num_users : int
        From 1 to 10**12.

    Returns
    -------
    ndarray of int64, shape (k,)
        Sums to `num_users`; each entry is within 1 of its quota.

    Raises
    ------
    TypeError, ValueError
        If a share is negative or not finite, all are 0, or `num_users` is out of range.

    Examples
    --------
    >>> apportion([0.5, 0.25, 0.25], 5)
    array([3, 1, 1])
    """
    num_users = validate.integer("num_users", num_users, 1, MAX_USERS)
    shares = validate.floats("frequencies", frequencies)
    if shares.ndim != 1 or not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError("frequencies must be one row of finite shares of at least 0.")
    if not shares.any():
        raise ValueError("frequencies must not all be 0.")
    shares = shares / shares.max()  # their sum cannot overflow
    # Rounded, so that the last bit of a sum decides nothing.
    quotas = np.round(shares / shares.sum() * num_users, 9)
    users: Values = np.floor(quotas).astype(np.int64)
    left_over = num_users - int(users.sum())
    users[np.argsort(-np.round(quotas - users, 9), kind="stable")[:left_over]] += 1
    return users


def names() -> dict[str, str]:
    """Return every data set that has a name, with a description in one line.

    Examples
    --------
    >>> print(*names(), sep=", ")
    zipf, spike, uniform, dirichlet, adult-age, adult-hours, us-surnames
    """
    return _PRIORS | {name: description for name, (_, description, _) in _BUNDLED.items()}


def load(
    spec: str, *, k: int | None = None, num_users: int | None = None, seed: int = 0
) -> DataSet:
    """Return a data set by name, or one column of a file.

    Parameters
    ----------
    spec : str
        A synthetic prior (``zipf``, ``zipf(1.5)``, ``spike``, ``uniform``,
        ``dirichlet``, ``dirichlet(0.5)``), a bundled data set (``adult-age``,
        ``adult-hours``, ``us-surnames``) or ``FILE.csv:COLUMN``, also
        ``.csv.gz``, ``.parquet`` and ``.pq``. In a file the distinct values of
        the column are the domain, in numeric order if all are numbers, else as
        text. CSV is read as UTF-8 with a header row; spaces around a cell are
        ignored. ``FILE.csv:COLUMN+COLUMN`` takes records of several columns; a
        column whose own name has a plus is taken alone.
    k : int, optional
        Number of values: needed by a synthetic prior; must agree with real data.
    num_users : int, optional
        Users to apportion (see `apportion`). By default real data keep their
        own counts; shares and synthetic priors become 10,000 users.
    seed : int
        Draws ``dirichlet``; nothing else is random.

    Returns
    -------
    DataSet

    Raises
    ------
    TypeError, ValueError
        If the name, a parameter or the column is unknown or out of range, or
        the file cannot be read, misses values in the column (they are never
        dropped silently) or has fewer than 2 distinct ones.

    Examples
    --------
    >>> load("zipf", k=3, num_users=11).histogram
    array([6, 3, 2])
    >>> ages = load("adult-age")
    >>> ages.k, ages.num_users, ages.labels[0]
    (74, 45222, '17')
    """
    if not isinstance(spec, str):
        raise TypeError(f"data must be a name or FILE.csv:COLUMN, got {validate.shown(spec)}.")
    if match := _FILE.fullmatch(spec):
        data = _from_file(spec, Path(match[1]), match[2])
    elif spec in _BUNDLED:
        data = _bundled(spec, num_users)
    elif (match := _SYNTHETIC.fullmatch(spec)) and match[1] in _PRIORS:
        return _synthetic(match[1], match[2], k, num_users, seed)
    elif ":" in spec or spec.endswith((".csv", ".csv.gz", ".parquet", ".pq")):
        raise ValueError(
            "a file must be given as FILE.csv:COLUMN, FILE.csv.gz:COLUMN or "
            f"FILE.parquet:COLUMN, got {spec!r}."
        )
    else:
        validate.known("data set", spec, names())
    if k is not None and k != data.k:
        raise ValueError(f"k must be {data.k}, the number of values of {spec!r}, got {k!r}.")
    if num_users is None or num_users == data.num_users:
        return data
    return replace(data, histogram=apportion(data.histogram, num_users))


def _synthetic(
    family: str, number: str | None, k: int | None, num_users: int | None, seed: int
) -> DataSet:
    if k is None:
        raise ValueError(f"{family} needs k, the number of values, got None.")
    if number is not None and family in ("spike", "uniform"):
        raise ValueError(f"{family} takes no parameter, got {number}.")
    parameter = 1.0 if number is None else float(number)
    name = family if parameter == 1.0 else f"{family}({parameter!r})"
    match family:
        case "zipf":
            prior = zipf(k, parameter)
        case "spike":
            prior = spike(k)
        case "uniform":
            prior = uniform(k)
        case _:
            prior = dirichlet(k, parameter, rng=_stream(name, k, seed))
    users = DEFAULT_NUM_USERS if num_users is None else num_users
    return DataSet(name, apportion(prior, users))


def _stream(name: str, k: int, seed: int) -> np.random.Generator:
    key = repr(("data", name, int(k), validate.seed(seed)))
    digest = hashlib.sha256(key.encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest)))


def _bundled(name: str, num_users: int | None) -> DataSet:
    file, _, notice = _BUNDLED[name]
    raw = (resources.files("ldpaudit") / "histograms" / file).read_bytes()
    text = (gzip.decompress(raw) if file.endswith(".gz") else raw).decode()
    labels, numbers = zip(*(line.split(",") for line in text.splitlines()[1:]), strict=True)
    if name == "us-surnames":  # shares: nobody was counted
        users = DEFAULT_NUM_USERS if num_users is None else num_users
        histogram = apportion(np.array(numbers, dtype=np.float64), users)
    else:
        histogram = np.array(numbers, dtype=np.int64)
    return DataSet(name, histogram, labels, notice)


def _from_file(source: str, path: Path, names: str) -> DataSet:
    """Users of a file: one column, or the records of several joined by a plus."""
    columns = [names]
    if "+" in names and names not in header(path):
        columns = names.split("+")
    domains, codes, users = coded(source, path, columns)
    sizes = tuple(map(len, domains))
    if (k := math.prod(sizes)) > validate.MAX_DOMAIN:
        raise ValueError(
            f"the records of {source!r} must be at most {validate.MAX_DOMAIN:,}, got {k:,} by "
            f"{' x '.join(map(str, sizes))} values; take fewer columns."
        )
    histogram = np.zeros(k, dtype=np.int64)
    histogram[np.ravel_multi_index(codes.T, sizes)] = users
    if len(columns) > 1:
        return DataSet(source, histogram, sizes=sizes)
    return DataSet(source, histogram, tuple(domains[0]))
