"""The attackers of a study: what they think of the users of a data set, by name, list or file."""

from __future__ import annotations

import csv
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.auditing.attackers import Attacker
from ldpaudit.data.dataset import DataSet
from ldpaudit.outcomes.table import GIVEN, INFORMED, UNIFORM

#: What attackers with weights of the study itself are called, numbered from the second on.
_WEIGHTS = "weights"


def attackers(priors: Sequence[str | tuple[float, ...]], data: DataSet) -> tuple[Attacker, ...]:
    """Attackers by their priors; of two who think the same of these users only the first.

    A prior is ``"uniform"`` (users are drawn so, too), ``"data"``, weights of the k values, or
    the path of a file with them; the users of the latter two are those of the data. A file goes
    by its name, by its path where the name alone says something else or is another's too.
    """
    found: list[Attacker] = []
    names = _file_names(priors)
    for prior in priors:
        if prior == UNIFORM:
            found.append(Attacker(UNIFORM))
        elif prior == INFORMED:
            even = data.histogram.min() == data.histogram.max()
            if not (even and UNIFORM in priors):
                found.append(Attacker(INFORMED, data.frequencies))
        elif isinstance(prior, str):
            law = _of_file(Path(prior), data)
            found.append(Attacker(names[prior], law, data.frequencies))
        else:
            law = _normalised("prior", np.array(prior, dtype=np.float64), data)
            found.append(Attacker(_numbered(_WEIGHTS, found), law, data.frequencies))
    return tuple(found)


def content(found: Sequence[Attacker]) -> list[list[str]]:
    """What attackers think as plain text: what determines a cell beside the data."""
    return [[one.name, "" if one.prior is None else _digest(one.prior)] for one in found]


def _digest(prior: npt.ArrayLike) -> str:
    """The weights themselves, short: there may be very many values."""
    return hashlib.sha256(np.asarray(prior, dtype=np.float64).tobytes()).hexdigest()


def _file_names(priors: Sequence[str | tuple[float, ...]]) -> dict[str, str]:
    """What each file of weights is called: no word for a prior, and no two alike."""
    paths = [p for p in priors if isinstance(p, str) and p not in (UNIFORM, INFORMED)]
    times = Counter(Path(path).name for path in paths)
    return {path: _file_name(Path(path), times) for path in paths}


def _file_name(path: Path, times: Counter[str]) -> str:
    word = path.name in (UNIFORM, INFORMED, GIVEN) or path.name.split(" ")[0] == _WEIGHTS
    alone = times[path.name] == 1 and not word
    return path.name if alone else os.path.join(path.parent, path.name)


def _numbered(name: str, found: Sequence[Attacker]) -> str:
    taken = sum(one.name.split(" ")[0] == name for one in found)
    return f"{name} {taken + 1}" if taken else name


def _of_file(path: Path, data: DataSet) -> Floats:
    """Weights from lines of `weight`, in the order of the values, or of `value,weight`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if line and not line[0].startswith("#")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8 with short lines"
        raise ValueError(
            f"prior must be uniform, data or a file of weights; {path} cannot be read: {reason}."
        ) from None
    where = f"prior file {path}"
    if any(len(line) > 2 or len(line) != len(lines[0]) for line in lines):
        raise ValueError(f"{where} must hold a weight, or a value and a weight, in every line.")
    weights = np.array([_weight(line[-1], where) for line in lines])
    if lines and len(lines[0]) == 2:
        weights = _by_label([line[0].strip() for line in lines], weights, where, data)
    return _normalised(where, weights, data)


def _weight(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{where} must hold numbers as weights, got {text!r:.80}.") from None


def _by_label(names: list[str], weights: Floats, where: str, data: DataSet) -> Floats:
    """Weights in the order of the data's values."""
    labels = data.labels or tuple(map(str, range(data.k)))
    places = {label: place for place, label in enumerate(labels)}
    for name in names:
        validate.check_known(f"value in {where}", name, places)
    if len(set(names)) < len(names) or len(names) != data.k:
        raise ValueError(f"{where} must name each of {data.k} values once, got {len(names)} lines.")
    out = np.empty(data.k)
    out[[places[name] for name in names]] = weights
    return out


def _normalised(where: str, weights: Floats, data: DataSet) -> Floats:
    if weights.shape != (data.k,):
        raise ValueError(
            f"{where} must hold a weight for each of the {data.k} values of {data.name}, "
            f"got {weights.size}."
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(f"{where} must hold finite weights of at least 0, not all of them 0.")
    return np.asarray(weights / weights.max() / (weights / weights.max()).sum())
