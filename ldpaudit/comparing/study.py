"""What to compare: a study, field by field as in its TOML file, validated before anything runs."""

from __future__ import annotations

import itertools
import json
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ldpaudit import validate
from ldpaudit.auditing.defaults import DEFAULT_ATTACKS, MAX_REPETITIONS
from ldpaudit.comparing.fields import Bins, Change, Positive, Real, Whole, named, several_priors
from ldpaudit.comparing.mistakes import in_words
from ldpaudit.comparing.own_code import AttackName, Code, OwnCode, a_protocol, check_trusted
from ldpaudit.data.dataset import DataSet
from ldpaudit.data.sources import load as load_data

#: Most cells of a study: protocols with their parameters x epsilons x data.
MAX_CELLS = 100_000
#: Fields that may name code.
_CODE = {"protocols", "attacks"}
#: Most protocols that a title names.
_NAMED = 6


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProtocolSpec(_Strict):
    """A protocol, its parameters beyond k and epsilon, and axes of its own.

    With `code` it is one's own: ``file.py:OBJECT``, ``package.module:OBJECT`` or an object, a
    class or function of parameters, a randomizer (value, rng), or a mechanism that is built,
    which brings its own epsilon. `name` is then free, and the object's where it is left out.

    `epsilons` and `post` replace the study's; every value that `each` lists of a parameter is run.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str
    code: Code = None
    epsilons: Annotated[tuple[Positive, ...], Field(min_length=1)] | None = None
    each: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] | None = None
    post: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _study_sets_the_axes(self) -> ProtocolSpec:
        for name, origin in (("k", "data"), ("epsilon", "epsilons")):
            if name in self.parameters or name in (self.each or {}):
                raise ValueError(f"{name} comes from the field {origin!r}")
        for name in self.each or {}:
            if name in self.parameters or name in ProtocolSpec.model_fields:
                raise ValueError(f"{name} is set beside 'each' already")
        return self

    def variants(self) -> Iterator[ProtocolSpec]:
        """The protocol with every combination of the values in `each`, axes left out."""
        axes = self.each or {}
        for values in itertools.product(*axes.values()):
            chosen = (self.model_extra or {}) | dict(zip(axes, values, strict=True))
            yield ProtocolSpec(name=self.name, code=self.code, post=self.post, **chosen)

    def own_epsilons(self) -> tuple[float, ...]:
        """The epsilon of a mechanism that is built already; none for any other."""
        return (float(self.code.found.epsilon),) if self.code and self.code.built else ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything but the name, lists as tuples."""
        extra = self.model_extra or {}
        return {n: tuple(v) if isinstance(v, list) else v for n, v in extra.items()}


class DataSpec(_Strict):
    """Users: a bundled set, a synthetic law with k, or a file's column.

    With `low` and `high` they hold numbers of that range, with `bins` of it too the bin that a
    number lies in, with `dimension` vectors.
    """

    name: str
    k: Annotated[Whole, Field(ge=2, le=validate.MAX_DOMAIN)] | None = None
    num_users: Annotated[Whole, Field(ge=1)] | None = None
    low: Annotated[Real, Field(allow_inf_nan=False)] | None = None
    high: Annotated[Real, Field(allow_inf_nan=False)] | None = None
    dimension: Annotated[Whole, Field(ge=1, le=validate.MAX_DOMAIN)] | None = None
    bins: Bins = None

    def load(self, seed: int) -> DataSet:
        """The users; a file is read now."""
        return load_data(
            self.name,
            k=self.k,
            num_users=self.num_users,
            seed=seed,
            low=self.low,
            high=self.high,
            dimension=self.dimension,
            bins=self.bins,
        )


class AuditSpec(_Strict):
    """One audit of every cell: who looks at reports of which pair, and how counts are bounded.

    Without a `witness` the audit chooses; without a `bound` it is the study's. A negative
    input of the pair counts from the last value, which is -1.
    """

    witness: str | None = None
    bound: str | None = None
    pair: tuple[Whole, Whole] = (0, 1)

    @property
    def label(self) -> str:
        """What tells its rows apart: the bound, after the witness if that is named."""
        return "/".join(name for name in (self.witness, self.bound) if name)

    def inputs(self, k: int) -> tuple[int, int]:
        """The two inputs among k values."""
        first, second = (v + k if v < 0 else v for v in self.pair)
        if first == second or not (0 <= first < k and 0 <= second < k):
            raise ValueError(f"audits: pair must name two of {k} values, got {list(self.pair)}.")
        return first, second


class Study(_Strict):
    """What to compare. Field by field as in a study's TOML file.

    Parameters
    ----------
    name, title : str
        What it is called; `title` heads the page.
    protocols : list
        Registry names, own code (``"file.py:OBJECT"``, in Python also the class, function or
        mechanism itself), or tables with a name or ``code`` and parameters; one whose epsilon
        follows from these (``rappor``) has one cell. A table may have ``epsilons`` of its own,
        and ``each``: parameters with lists of values, all run.
    epsilons : list of float
        Privacy budgets, positive, in natural-log units.
    data : list
        Names (``"adult-age"``, ``"file.csv:column"``) or tables with name, k, num_users; low
        and high for numbers of that range, dimension for vectors of the unit ball.
    attacks : list of str
        Attacks whose success is measured: registered names, or own code as of protocols.
    bound : str
        Registered bound that turns counts into a lower bound on epsilon.
    audits : list
        More than one audit of every cell: tables with witness, bound and pair (see
        `AuditSpec`). In the results each is named by witness/bound.
    prior : str or list
        What the attacker thinks of the users beforehand: ``"uniform"`` (all values alike, and
        users are drawn so), ``"data"`` (how common the values are), weights of the values or a
        file with them (users are then drawn from the data). A list of such compares attackers.
        A file is sought as those of the data are, from the working directory.
    trials, repetitions : int
        Reports an attack (and an input of the bound); simulated collections for the error.
    rounds : int, optional
        Rounds in which longitudinal protocols collect from the same users, besides.
    change : float or "permute", optional
        How users' values change between rounds, see `ldpaudit.collecting.evolve`; 0.25 if unset.
    central_delta : float, optional
        Delta of a central guarantee. The epsilons are then those of all users' shuffled
        reports, and each protocol has the largest local budget proven to meet them.
    post : list of str
        Post-processings of the estimate (``"norm-sub"``), measured beside it: error, total
        variation and recall of the most frequent values. What they estimate is called
        "frequencies, after norm-sub": biased, and compared with its like alone.
    false_share : float, optional
        Share of false users, for what they gain with and without post-processing.
    defences : list of str
        Defences against them (``"recovery"``, ``"recovery-known"``, ``"size-filter"``), measured
        like `post`: what false users still gain, and what each costs where nobody lies.
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
        tuple[Annotated[ProtocolSpec, BeforeValidator(a_protocol)], ...], Field(min_length=1)
    ]
    epsilons: Annotated[tuple[Positive, ...], Field(min_length=1)]
    data: Annotated[tuple[Annotated[DataSpec, BeforeValidator(named)], ...], Field(min_length=1)]
    attacks: tuple[AttackName, ...] = DEFAULT_ATTACKS
    bound: str = "posterior-odds"
    audits: tuple[AuditSpec, ...] = ()
    prior: Annotated[
        tuple[str | tuple[Real, ...], ...], Field(min_length=1), BeforeValidator(several_priors)
    ] = ("uniform",)
    trials: Annotated[Whole, Field(ge=1, le=validate.MAX_TRIALS)] = 50_000
    repetitions: Annotated[Whole, Field(ge=2, le=MAX_REPETITIONS)] = 10
    rounds: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    change: Change = None
    central_delta: Annotated[Real, Field(gt=0, lt=1)] | None = None
    post: tuple[str, ...] = ()
    false_share: Annotated[Real, Field(gt=0, lt=1)] | None = None
    defences: tuple[str, ...] = ()
    alpha: Annotated[Real, Field(gt=0, lt=1)] = 0.05
    seed: Annotated[Whole, Field(ge=0)] = 0
    quick: dict[str, Any] = Field(default_factory=dict, exclude=True)

    @model_validator(mode="after")
    def _few_cells(self) -> Study:
        each = (
            len(spec.epsilons or self.epsilons) * math.prod(map(len, (spec.each or {}).values()))
            for spec in self.protocols
        )
        cells = len(self.data) * sum(each)
        if cells > MAX_CELLS:
            raise ValueError(f"a study has at most {MAX_CELLS:,} cells, this one {cells:,}")
        return self

    @model_validator(mode="after")
    def _defences_differ(self) -> Study:
        if len(set(self.defences)) < len(self.defences):
            raise ValueError(f"defences must differ, got {list(self.defences)}")
        return self

    @model_validator(mode="after")
    def _audits_differ(self) -> Study:
        labels = [audit.label for audit in self.each_audit()]
        if len(set(labels)) < len(labels):
            raise ValueError(f"audits must differ in witness or bound, got {labels}")
        return self

    def each_audit(self) -> tuple[AuditSpec, ...]:
        """The audits of every cell with their bounds, one if none is listed."""
        return tuple(
            audit if audit.bound else audit.model_copy(update={"bound": self.bound})
            for audit in self.audits or (AuditSpec(),)
        )

    def each_protocol(self) -> Iterator[tuple[ProtocolSpec, tuple[float, ...]]]:
        """Every protocol with one value of each parameter, and its epsilons."""
        for protocol in self.protocols:
            for variant in protocol.variants():
                yield variant, protocol.epsilons or variant.own_epsilons() or self.epsilons

    def own_code(self) -> list[OwnCode]:
        """Protocols and attacks that somebody wrote for it."""
        codes = (*(spec.code for spec in self.protocols), *self.attacks)
        return [code for code in codes if isinstance(code, OwnCode)]

    def posts_of(self, protocol: ProtocolSpec) -> tuple[str, ...]:
        """Post-processings of a protocol, none twice; none at all also where users lie."""
        posts = self.post if protocol.post is None else protocol.post
        first = ("none",) if posts or self.defences or self.false_share is not None else ()
        return tuple(dict.fromkeys((*first, *posts)))

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


def read_study(source: str | Path, code: Sequence[str] = ()) -> Study:
    """A ready-made study by name, or a study file (``.toml``) by path.

    No file is trusted: it may name code to be run only if `code` names that too.
    """
    text = str(source)
    if text.endswith(".toml"):
        try:
            content = Path(text).read_bytes()
        except OSError as error:
            raise ValueError(f"study file {text} cannot be read: {error.strerror}.") from None
    else:
        folder = files("ldpaudit") / "studies"
        ready = [item.name for item in folder.iterdir() if item.name.endswith(".toml")]
        validate.check_known("study", text, [name.removesuffix(".toml") for name in ready])
        content = (folder / f"{text}.toml").read_bytes()
    try:
        raw = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"study {text} is not valid TOML: {error}.") from None
    study = _parse(raw, f"study {text}")
    for size in (study, study.as_quick()) if study.quick.keys() & _CODE else (study,):
        check_trusted(text, size.own_code(), code)
    return study


def with_data(
    study: Study,
    sources: Sequence[str],
    k: int | None = None,
    ends: tuple[float, float] | None = None,
    bins: str | None = None,
) -> Study:
    """The study on other users: names of data sets, or FILE:COLUMN; k for synthetic laws.

    With `ends` they hold numbers of that range, with `bins` too the bins of it. The title says so:
    the study's own names its data.
    """
    where: dict[str, Any] = {} if ends is None else {"low": ends[0], "high": ends[1]}
    where |= {} if bins is None else {"bins": bins}
    specs = [{"name": name, **where} | ({} if k is None else {"k": k}) for name in sources]
    title = f"{who_is_compared(study)} on {' and '.join(Path(name).name for name in sources)}"
    return _parse(study.model_dump() | {"data": specs, "title": title}, f"study {study.name}")


def with_prior(study: Study, priors: Sequence[str]) -> Study:
    """The study with other attackers, by what they think of the users."""
    return _parse(study.model_dump() | {"prior": list(priors)}, f"study {study.name}")


def who_is_compared(study: Study) -> str:
    """Who is compared, by name where they are few."""
    names = list(dict.fromkeys(spec.name for spec in study.protocols))
    if len(names) > _NAMED:
        return f"{len(names)} protocols"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def resolve(study: str | Path | Study | Mapping[str, Any], code: Sequence[str] = ()) -> Study:
    """A study from its name, its file (with the code that it may run), its content, or itself."""
    if isinstance(study, Study):
        return study
    if isinstance(study, Mapping):
        return _parse(dict(study), "study")
    return read_study(study, code)


#: Where a field may be unknown, and which ones are not.
_TABLES: dict[str, type[_Strict]] = {"": Study, "data": DataSpec, "audits": AuditSpec}


def _parse(raw: dict[str, Any], where: str) -> Study:
    """Validate a study; the first error becomes one sentence that names the field."""
    try:
        return Study.model_validate(raw)
    except ValidationError as error:
        # An unknown field first: it may be the misspelt one that is missing.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        if first["type"] == "extra_forbidden":
            *parents, name = map(str, first["loc"])
            options = _TABLES[parents[0] if parents else ""].model_fields
            validate.check_known(
                ": ".join(["field in " + where, *parents[:1]]) + ":", name, options
            )
        raise ValueError(in_words(first, where)) from None


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
