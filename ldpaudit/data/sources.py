"""Who holds which value: synthetic priors, bundled histograms, a column of your own file."""

from __future__ import annotations

import gzip
import hashlib
import math
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np

from ldpaudit import validate
from ldpaudit.data import numbers
from ldpaudit.data.bins import binned, check_categories
from ldpaudit.data.columns import NUMBER, coded, header
from ldpaudit.data.dataset import DataSet
from ldpaudit.data.priors import apportion, dirichlet, spike, uniform, zipf
from ldpaudit.domains import Ball, Interval

#: Users of a data set that has only shares and was not told how many.
DEFAULT_NUM_USERS = 10_000


_FILE = re.compile(r"(.+?\.(?:csv|csv\.gz|parquet|pq)):(.*)", re.DOTALL | re.IGNORECASE)
_SYNTHETIC = re.compile(rf"([a-z]+)(?:\(({NUMBER.pattern})\))?")

_PRIORS = {
    "zipf": "shares proportional to 1 / rank^s; zipf(1.5) sets s, else 1",
    "spike": "all users hold value 0, the hardest histogram for a uniform error",
    "uniform": "all values equally frequent",
    "dirichlet": "random shares; dirichlet(0.5) sets the concentration, else 1",
}
#: Laws that numbers alone have.
_OF_NUMBERS = {name: numbers.LAWS[name][0] for name in ("beta", "bimodal")}
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


def names() -> dict[str, str]:
    """Return every data set that has a name, with a description in one line.

    Examples
    --------
    >>> print(*names(), sep=", ")
    zipf, spike, uniform, dirichlet, beta, bimodal, adult-age, adult-hours, us-surnames
    """
    return (
        _PRIORS
        | _OF_NUMBERS
        | {name: description for name, (_, description, _) in _BUNDLED.items()}
    )


def load(
    spec: str,
    *,
    k: int | None = None,
    num_users: int | None = None,
    seed: int = 0,
    low: float | None = None,
    high: float | None = None,
    dimension: int | None = None,
    bins: int | str | None = None,
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
    low, high : float, optional
        A public range: users hold numbers of it, not categories. Bundled numbers and a numeric
        column of a file keep theirs, which must lie in it; ``uniform``, ``beta(5, 2)``,
        ``bimodal`` and ``spike(0.5)`` are laws on it, on a grid of k numbers (``beta`` and
        ``bimodal`` on [0, 1] if none is given). The ends come first among the inputs, whether
        anybody holds them or not.
    dimension : int, optional
        Users hold k vectors of the unit ball, all alike (``uniform``) or one of them (``spike``).
    bins : int or str, optional
        Numbers of a bundled or own column become categories, intervals of the public range from
        `low` to `high`: N (or ``equal:N``) of equal width, or ``quantiles:N``.

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
    >>> numbers = load("adult-age", low=0, high=100)
    >>> numbers.name, numbers.k, numbers.inputs[:4], numbers.histogram[:4]
    ('adult-age on [0, 100]', 76, array([  0., 100.,  17.,  18.]), array([  0,   0, 493, 695]))
    """
    domain = numbers.domain_from(low, high, dimension)
    if domain is None and str(spec).partition("(")[0] in _OF_NUMBERS:
        domain = Interval(0.0, 1.0)
    if bins is not None:
        return _in_bins(spec, domain, bins, k, num_users)
    if domain is not None:
        return _of_numbers(spec, domain, k, num_users)
    if not isinstance(spec, str):
        raise TypeError(f"data must be a name or FILE.csv:COLUMN, got {validate.shown(spec)}.")
    if match := _FILE.fullmatch(spec):
        data = _from_file(spec, Path(match[1]), match[2])
        check_categories(spec, data.labels)
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
        validate.check_known("data set", spec, names())
    if k is not None and k != data.k:
        raise ValueError(f"k must be {data.k}, the number of values of {spec!r}, got {k!r}.")
    if num_users is None or num_users == data.num_users:
        return data
    return replace(data, histogram=apportion(data.histogram, num_users))


def _of_numbers(
    spec: str, domain: Interval | Ball, k: int | None, num_users: int | None
) -> DataSet:
    """Users who hold numbers of an interval or vectors of a ball."""
    if not isinstance(spec, str) or _FILE.fullmatch(spec) or spec in _BUNDLED:
        data = _column(spec)
        inputs, users = numbers.as_numbers(spec, data.labels, data.histogram, domain)
        if k not in (None, users.size):
            raise ValueError(f"k must be {users.size}, the numbers of {spec!r}, got {k!r}.")
        if num_users is not None:
            users = apportion(users, num_users)
        name, notice = f"{data.name} on {domain}", data.notice
        return DataSet(name, users, notice=notice, inputs=inputs, domain=domain)
    if k is None:
        raise ValueError(f"{spec} on {domain} needs k, the number of inputs, got None.")
    name, inputs, shares = numbers.law(spec, domain, k)
    users = apportion(shares, DEFAULT_NUM_USERS if num_users is None else num_users)
    where = f" on {domain}" if isinstance(domain, Interval) else f", d = {domain.dimension}"
    return DataSet(name + where, users, inputs=inputs, domain=domain)


def _column(spec: str) -> DataSet:
    """A bundled data set or the column of a file, whatever its values are."""
    match = _FILE.fullmatch(spec)
    return load(spec) if match is None else _from_file(spec, Path(match[1]), match[2])


def _in_bins(
    spec: str, domain: Interval | Ball | None, bins: int | str, k: int | None, users: int | None
) -> DataSet:
    """Numbers of a column as categories."""
    if not isinstance(spec, str) or not (_FILE.fullmatch(spec) or spec in _BUNDLED):
        raise ValueError(f"bins are of the column of a file, got {validate.shown(spec)}.")
    if not isinstance(domain, Interval):
        raise ValueError(
            f"bins of {spec!r} need the public range that they cut: low and high (--range)."
        )
    data = binned(_column(spec), domain, bins)
    if k not in (None, data.k):
        raise ValueError(f"k must be {data.k}, the number of bins of {spec!r}, got {k!r}.")
    return data if users is None else replace(data, histogram=apportion(data.histogram, users))


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
    key = repr(("data", name, int(k), validate.check_seed(seed)))
    digest = hashlib.sha256(key.encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest)))


def _bundled(name: str, num_users: int | None) -> DataSet:
    file, _, notice = _BUNDLED[name]
    raw = (resources.files("ldpaudit") / "histograms" / file).read_bytes()
    text = (gzip.decompress(raw) if file.endswith(".gz") else raw).decode()
    labels, counts = zip(*(line.split(",") for line in text.splitlines()[1:]), strict=True)
    if name == "us-surnames":  # shares: nobody was counted
        users = DEFAULT_NUM_USERS if num_users is None else num_users
        histogram = apportion(np.array(counts, dtype=np.float64), users)
    else:
        histogram = np.array(counts, dtype=np.int64)
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
