"""Studies: mechanisms x epsilons x data, run cell by cell and gathered in one tidy table."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from ldpaudit import validate
from ldpaudit.auditing.defaults import VERDICT_ALPHA
from ldpaudit.collecting.defences import DEFENCES
from ldpaudit.collecting.processed import POSTS
from ldpaudit.comparing import beliefs
from ldpaudit.comparing.cell import Cell
from ldpaudit.comparing.described import described
from ldpaudit.comparing.fitting import built, fits, named, takes_epsilon
from ldpaudit.comparing.kept import gathered, keep
from ldpaudit.comparing.own_code import OwnCode, check_name, check_readable, source_of
from ldpaudit.comparing.results import Results
from ldpaudit.comparing.running import BACKENDS, MAX_WAIT, run
from ldpaudit.comparing.store import Store
from ldpaudit.comparing.study import ProtocolSpec, Study, resolve, to_toml
from ldpaudit.comparing.task import CellTask
from ldpaudit.comparing.verdicts import judgements
from ldpaudit.comparing.workers import versions
from ldpaudit.data.dataset import DataSet
from ldpaudit.outcomes.audit_result import SCHEMA
from ldpaudit.registry import load, names, origin
from ldpaudit.release import described_version

Progress = Callable[[int, int], None]
#: Figures that cells did not always have: without them a stored cell is computed anew, and read.
_FIGURES = ("influence", "mean influence", "most success")
#: Most values of data whose cells may run in this process: they need little memory.
_FEW_VALUES = 10_000
#: Fields of a study that name a cell where they are set: the others' cells keep their names.
_IF_SET = ("audits", "rounds", "change", "central_delta", "post", "false_share", "defences")


def compare(
    study: str | Path | Study | Mapping[str, Any] = "default",
    *,
    jobs: int | None = 1,
    out: str | Path | None = None,
    seed: int | None = None,
    quick: bool = False,
    fresh: bool = False,
    cell_timeout: float | None = None,
    backend: str = "loky",
    scheduler: str | None = None,
    progress: Progress | None = None,
    command: str | None = None,
    code: Sequence[str] = (),
) -> Results:
    """Run a study: every protocol at every epsilon on every data set.

    Parameters
    ----------
    study : str, Path, Study or mapping, default "default"
        Name of a ready-made study, path of a TOML file, or its content.
    jobs : int or None, default 1
        Worker processes; None for as many as there are processors, of those that are worth
        starting: a study that is done in seconds starts none. The table does not depend on it.
    out : str or Path, optional
        Folder that keeps finished cells (``results.sqlite``). Cells that are
        there already are not run again.
    seed : int, optional
        Replaces the study's seed.
    quick : bool, default False
        Run the study's quick size.
    fresh : bool, default False
        Forget the cells that `out` holds.
    cell_timeout : float, optional
        Seconds that one cell may take; one that takes longer has failed.
    backend : "loky" or "dask", default "loky"
        Who runs the cells: processes of this machine, or the workers of a Dask cluster.
        A script that uses Dask on its own machine needs ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of a Dask scheduler (``"tcp://host:8786"``); None starts a cluster of
        `jobs` workers on this machine.
    progress : callable, optional
        Called with (cells done, cells in all).
    command : str, optional
        The command line that asked for it, which the page shows.
    code : sequence of str, default ()
        Files (``"mine.py"``) and modules that a study file may run: one that names code of its
        own is refused unless it is named here too. What is in a mapping, or an object, runs.

    Returns
    -------
    Results
        ``.frame`` (the tidy table), ``.pareto()``, ``.save(directory)``.

    Raises
    ------
    ValueError, TypeError
        If the study, its data or a parameter is wrong, or `out` cannot be written.

    Notes
    -----
    With `jobs` above 1, a `cell_timeout` or Dask, cells run in other processes. A cell
    whose process dies or that takes too long is run once more alone; if it ends so
    again, its row says failed and why. The others are untouched. Where there are fewer
    cells than jobs, several processes share a cell: blocks of two million reports.

    Examples
    --------
    >>> study = {"name": "tiny", "protocols": ["grr"], "epsilons": [1.0],
    ...          "data": ["adult-hours"], "trials": 1000, "repetitions": 2}
    >>> results = compare(study)
    >>> sorted(set(results.frame["metric"]))[:2]
    ['attack_success', 'bits']
    """
    plan = resolve(study, code)
    plan = plan.as_quick() if quick else plan
    if seed is not None:
        plan = plan.model_copy(update={"seed": validate.check_seed(seed)})
    workers = _Workers.checked(jobs, cell_timeout, backend, scheduler)
    loaded = [spec.load(plan.seed) for spec in plan.data]
    _check_names(plan, loaded)
    if workers.here and not (_all_ours(plan) and all(data.k <= _FEW_VALUES for data in loaded)):
        workers = workers._replace(here=False)  # what may crash, or lack memory, does so elsewhere
    tasks = list(_tasks(plan, loaded))
    if len({task.key for task in tasks}) < len(tasks):
        raise ValueError("protocols and epsilons must name every cell once, got one twice.")
    level = _verdict_alpha(plan, loaded)
    if out is not None:
        check_readable(plan.own_code())
    store = None if out is None else Store(out, fresh=fresh)
    try:
        done = _play(tasks, store, workers, progress)
        cells = [done[task.key] for task in tasks]
        found = judgements(cells, level)
        provenance = _provenance(plan, loaded)
        provenance |= {} if command is None else {"command": command}
        if store is not None:
            keep(store, [task.key for task in tasks], found, provenance, level)
    finally:
        if store is not None:
            store.close()
    return gathered(cells, found, provenance)


class _Workers(NamedTuple):
    """Who runs the cells, and how long one may take."""

    jobs: int
    cell_timeout: float | None
    backend: str
    scheduler: str | None
    here: bool

    @classmethod
    def checked(
        cls, jobs: int | None, cell_timeout: float | None, backend: str, scheduler: str | None
    ) -> _Workers:
        """The same from what somebody asked for."""
        here, jobs = jobs is None, (os.cpu_count() or 1) if jobs is None else jobs
        jobs = validate.check_integer("jobs", jobs, 1, validate.MAX_JOBS)
        if cell_timeout is not None:
            cell_timeout = min(validate.check_positive("cell_timeout", cell_timeout), MAX_WAIT)
        validate.check_known("backend", backend, BACKENDS)
        if scheduler is not None and backend != "dask":
            raise ValueError(f"a scheduler needs backend 'dask', got {backend!r}.")
        return cls(jobs, cell_timeout, backend, scheduler, here)


def _play(
    tasks: list[CellTask], store: Store | None, workers: _Workers, progress: Progress | None
) -> dict[str, Cell]:
    """Every cell by its key: from the store where it is there and whole, else run and stored."""
    found = {} if store is None else {t.key: c for t in tasks if (c := store.get(t.key))}
    done = {key: cell for key, cell in found.items() if not cell.failed}
    report: Progress = progress or (lambda *_: None)
    report(len(done), len(tasks))
    # The dearest cells first, so that no worker is left alone with one at the end.
    left = sorted((t for t in tasks if t.key not in done), key=lambda task: -task.data.k)
    if left and len(left) < workers.jobs:  # those who would wait share the blocks of a cell
        left = [replace(task, jobs=workers.jobs // len(left)) for task in left]
    if len(left) <= workers.jobs:  # they are done side by side
        workers = workers._replace(here=False)
    with closing(run(left, *workers, module=__name__)) as cells:
        for cell in cells:
            done[cell.key] = cell
            if store is not None:
                store.put(cell)
            report(len(done), len(tasks))
    return done


def _tasks(study: Study, loaded: list[DataSet]) -> Iterator[CellTask]:
    protocols = list(_protocols(study))
    settings = {"attacks", "bound", "prior", "trials", "repetitions", "alpha", "seed"}
    further = {name for name in _IF_SET if getattr(study, name)}
    fixed = study.model_dump(mode="json", include=settings | further)
    shared, libraries = _origins(study), versions()
    for data in loaded:
        attackers = beliefs.attackers(study.prior, data)
        content = data.histogram.tobytes() + repr(data.sizes or "").encode()
        if data.inputs is not None:
            content += repr(data.domain).encode() + data.inputs.tobytes()
        digest = hashlib.sha256(content).hexdigest()
        for protocol, epsilons in protocols:
            parameters = protocol.model_dump(mode="json", exclude={"epsilons", "each", "code"})
            if not fits(protocol, data):
                continue
            made_by = _origin("protocols", protocol.code or protocol.name)
            for epsilon in epsilons:
                axes = {
                    "data": data.name,
                    "k": data.k,
                    "protocol": protocol.name,
                    "epsilon": epsilon,
                }
                determines = axes | fixed | {
                    "parameters": parameters,
                    "histogram": digest,
                    "schema": SCHEMA,
                    "figures": _FIGURES,
                    "beliefs": beliefs.content(attackers),
                    "versions": libraries,
                    "origins": shared | {"protocol": made_by},
                }  # fmt: skip
                key = hashlib.sha256(json.dumps(determines, sort_keys=True).encode()).hexdigest()
                yield CellTask(key, axes, protocol, epsilon, data, attackers, study)


def _protocols(study: Study) -> Iterator[tuple[ProtocolSpec, tuple[float, ...]]]:
    """Every protocol and its epsilons; one that takes none has one cell, of its own epsilon."""
    for protocol, epsilons in study.each_protocol():
        yield protocol, epsilons if takes_epsilon(protocol) else epsilons[:1]


def _origins(study: Study) -> dict[str, str]:
    """Releases behind the attacks and bounds of every cell: another one computes it anew."""
    audits = study.each_audit()
    attacks = {*study.attacks, "distinguish", "learned", *(a.witness for a in audits if a.witness)}
    bounds = {audit.bound or study.bound for audit in audits}
    parts = (("attacks", attacks), ("bounds", bounds))
    return {f"{group} {name}": _origin(group, name) for group, found in parts for name in found}


def _all_ours(study: Study) -> bool:
    """Whether every protocol, attack and bound is of this package."""
    made_by = {_origin("protocols", p.code or p.name) for p, _ in study.each_protocol()}
    return made_by | set(_origins(study).values()) == {"ours"}


def _origin(group: str, name: str | OwnCode) -> str:
    """What stands behind a part: its content; of ours the code of all is known by one digest."""
    if isinstance(name, OwnCode):
        return f"own code {name.content}"
    release = origin(group, name)
    return (
        "ours" if release.startswith("ldpaudit ") else f"{release} {source_of(load(group, name))}"
    )


def _verdict_alpha(study: Study, loaded: list[DataSet]) -> float:
    """The level of each verdict: shared by all audits of the study, and no part of any cell."""
    cells = len(loaded) * sum(len(epsilons) for _, epsilons in _protocols(study))
    return VERDICT_ALPHA / (cells * len(study.each_audit()))


def _check_names(study: Study, loaded: list[DataSet]) -> None:
    """Refuse unknown components and parameters before anything runs."""
    if len({(data.name, data.k, data.num_users) for data in loaded}) != len(loaded):
        raise ValueError("data must name every set once, got one twice.")
    smallest = min(loaded, key=lambda data: data.k)
    for audit in study.each_audit():
        validate.check_known("bound", audit.bound or study.bound, names("bounds"))
        audit.inputs(smallest.k)
    for attack in (*study.attacks, *(a.witness for a in study.audits if a.witness)):
        if isinstance(attack, OwnCode):
            attack.attack()
        else:
            load("attacks", attack)
    for defence in study.defences:
        validate.check_known("defence", defence, DEFENCES)
    _check_epsilons(study)
    for protocol, epsilons in _protocols(study):
        for post in study.posts_of(protocol):
            validate.check_known("post", post, POSTS)
        fitting = [data for data in loaded if fits(protocol, data)]
        _check_protocol(protocol, fitting, loaded)
        built(protocol, min(fitting or loaded, key=lambda data: data.k), epsilons[0])


def _check_protocol(protocol: ProtocolSpec, fitting: list[DataSet], loaded: list[DataSet]) -> None:
    """Refuse one that no data are for, and own code under a name that is taken."""
    name, code = protocol.name, protocol.code
    if code is not None:
        check_name(name, names("protocols"))
    if fitting:
        return
    if code is not None and code.built:
        k, known = getattr(code.found, "k", "?"), sorted({data.k for data in loaded})
        raise ValueError(f"{name} is built already with k = {k}, the data have k in {known}.")
    if not named(protocol) & {"k", "sizes"}:
        raise ValueError(
            f"{name} takes numbers of a range (low, high) or vectors (dimension), "
            f"and the data are {', '.join(str(data.domain) for data in loaded)}."
        )


def _check_epsilons(study: Study) -> None:
    """Refuse epsilons for a protocol that has its own."""
    for spec in study.protocols:
        asked = spec.epsilons or study.central_delta is not None
        if asked and not takes_epsilon(spec):
            raise ValueError(
                f"{spec.name} has an epsilon by its other parameters, and takes no other."
            )


def _provenance(study: Study, loaded: list[DataSet]) -> dict[str, Any]:
    everything = {"ldpaudit": described_version()} | versions()
    everything |= {name: version(name) for name in ("pandas", "seaborn")}
    return {
        "study": study.model_dump(mode="json"),
        "study_toml": to_toml(study),
        "seed": study.seed,
        "alpha": study.alpha,
        "verdict_alpha": VERDICT_ALPHA,
        "versions": everything | {"python": platform.python_version()},
        "platform": platform.platform(),
        "protocols": described(study.protocols),
        "notices": sorted({data.notice for data in loaded if data.notice}),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
