"""What to compare: a study, field by field as in its TOML file, validated before anything runs."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ldpaudit import _validate
from ldpaudit.data import DataSet
from ldpaudit.data import load as load_data
from ldpaudit.harness import DEFAULT_ATTACKS, MAX_TRIALS


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("Input should be a number")
    return value


Real = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_number)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProtocolSpec(_Strict):
    """A registered protocol and its parameters beyond k and epsilon."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @model_validator(mode="after")
    def _study_sets_the_axes(self) -> ProtocolSpec:
        for name, origin in (("k", "data"), ("epsilon", "epsilons")):
            if name in self.parameters:
                raise ValueError(f"{name} comes from the field {origin!r}")
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything but the name, lists as tuples."""
        extra = self.model_extra or {}
        return {n: tuple(v) if isinstance(v, list) else v for n, v in extra.items()}


class DataSpec(_Strict):
    """Users: a bundled set, a synthetic law with k, or a file's column."""

    name: str
    k: Annotated[Whole, Field(ge=2)] | None = None
    num_users: Annotated[Whole, Field(ge=1)] | None = None

    def load(self, seed: int) -> DataSet:
        """The users; a file is read now."""
        return load_data(self.name, k=self.k, num_users=self.num_users, seed=seed)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Positive = Annotated[Real, Field(gt=0, allow_inf_nan=False)]


class Study(_Strict):
    """What to compare. Field by field as in a study's TOML file.

    Parameters
    ----------
    name, title : str
        What it is called; `title` heads the page.
    protocols : list
        Registry names, or tables with a name and parameters.
    epsilons : list of float
        Privacy budgets, positive, in natural-log units.
    data : list
        Names (``"adult-age"``, ``"file.csv:column"``) or tables with name, k, num_users.
    attacks : list of str
        Registered attacks whose success is measured.
    prior : "uniform" or "data"
        What the attacker knows of the users, and what they are drawn from.
    trials, repetitions : int
        Reports an attack (and an input of the bound); simulated collections for the error.
    alpha : float
        Error probability of every interval and bound.
    seed : int
        Root of every random stream.
    quick : table
        Fields to replace for a run that ends in seconds.

    Examples
    --------
    >>> study = Study(name="one", protocols=["grr"], epsilons=[1.0], data=["adult-hours"])
    >>> study.protocols[0].name, study.trials
    ('grr', 50000)
    """

    name: str
    title: str = ""
    protocols: Annotated[
        tuple[Annotated[ProtocolSpec, BeforeValidator(_named)], ...], Field(min_length=1)
    ]
    epsilons: Annotated[tuple[Positive, ...], Field(min_length=1)]
    data: Annotated[tuple[Annotated[DataSpec, BeforeValidator(_named)], ...], Field(min_length=1)]
    attacks: tuple[str, ...] = DEFAULT_ATTACKS
    bound: str = "posterior-odds"
    prior: Literal["uniform", "data"] = "uniform"
    trials: Annotated[Whole, Field(ge=1, le=MAX_TRIALS)] = 50_000
    repetitions: Annotated[Whole, Field(ge=2, le=100_000)] = 10
    alpha: Annotated[Real, Field(gt=0, lt=1)] = 0.05
    seed: Annotated[Whole, Field(ge=0)] = 0
    quick: dict[str, Any] = Field(default_factory=dict, exclude=True)

    def as_quick(self) -> Study:
        """The same study at the size its `quick` table gives; without one, with few trials."""
        if not self.quick:
            small = {"trials": min(self.trials, 2_000), "repetitions": 2}
            return self.model_copy(update=small)
        return _parse(self.model_dump() | self.quick, f"quick size of study {self.name}")


def study_names() -> dict[str, str]:
    """Ready-made studies and their titles."""
    folder = files("ldpaudit") / "studies"
    found = sorted(item.name for item in folder.iterdir() if item.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): read_study(name.removesuffix(".toml")).title for name in found
    }


def read_study(source: str | Path) -> Study:
    """A ready-made study by name, or a study file (``.toml``) by path."""
    text = str(source)
    if text.endswith(".toml"):
        try:
            content = Path(text).read_bytes()
        except OSError as error:
            raise ValueError(f"study file {text} cannot be read: {error.strerror}.") from None
    else:
        folder = files("ldpaudit") / "studies"
        ready = [item.name for item in folder.iterdir() if item.name.endswith(".toml")]
        _validate.known("study", text, [name.removesuffix(".toml") for name in ready])
        content = (folder / f"{text}.toml").read_bytes()
    try:
        raw = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"study {text} is not valid TOML: {error}.") from None
    return _parse(raw, f"study {text}")


def with_data(study: Study, sources: Sequence[str], k: int | None = None) -> Study:
    """The study on other users: names of data sets, or FILE:COLUMN; k for synthetic laws."""
    specs = [{"name": name} | ({} if k is None else {"k": k}) for name in sources]
    return _parse(study.model_dump() | {"data": specs}, f"study {study.name}")


def resolve(study: str | Path | Study | Mapping[str, Any]) -> Study:
    """A study from its name, its file, its content, or itself."""
    if isinstance(study, Study):
        return study
    if isinstance(study, Mapping):
        return _parse(dict(study), "study")
    return read_study(study)


def _parse(raw: dict[str, Any], where: str) -> Study:
    """Validate a study; the first error becomes one sentence that names the field."""
    try:
        return Study.model_validate(raw)
    except ValidationError as error:
        # An unknown field first: it may be the misspelt one that is missing.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        *parents, name = map(str, first["loc"] or ("study",))
        field = ".".join([*parents, name])
        got = "" if first["type"] == "missing" else f", got {first['input']!r:.80}"
        if first["type"] == "extra_forbidden":
            options = (DataSpec if parents else Study).model_fields
            _validate.known(": ".join(["field in " + where, *parents[:1]]) + ":", name, options)
        reason = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{where}: {field}: {reason}{got}.") from None


def to_toml(study: Study) -> str:
    """The study as a TOML file that reads back to the same study."""

    def literal(value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{literal(n)} = {literal(v)}" for n, v in value.items()) + " }"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(literal(item) for item in value) + "]"
        if isinstance(value, float):
            return repr(value)  # TOML knows inf and nan
        return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")

    fields = study.model_dump(exclude_none=True)
    return "".join(f"{name} = {literal(value)}\n" for name, value in fields.items())
