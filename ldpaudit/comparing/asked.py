"""A study without a file: protocols and budgets from the command line."""

from __future__ import annotations

from collections.abc import Sequence

from ldpaudit import registry, validate
from ldpaudit.comparing.study import Study, resolve, who_is_compared
from ldpaudit.outcomes.table import INFORMED, UNIFORM


def asked_study(
    protocols: str | None,
    epsilons: str | None,
    *,
    study: str | None,
    data: Sequence[str] | None,
    k: int | None,
) -> Study:
    """Protocols and epsilons between commas as a study of uniform users; others replace these.

    Where the users are named, so that they need not be uniform, both attackers are asked: the
    one who thinks all values equally likely, and the one who knows how common they are.
    """
    if study is not None:
        raise ValueError(f"--protocols and --epsilons replace a study: leave out --study {study}.")
    if protocols is None or epsilons is None:
        missing = "--protocols" if protocols is None else "--epsilons"
        raise ValueError(f"--protocols and --epsilons must come together, got no {missing}.")
    if data is None and k is None:
        raise ValueError("--k must be given, the number of values, or the users, --data NAME.")
    names = [
        name if ":" in name else validate.check_known("protocol", name, registry.names("protocols"))
        for name in _parts("--protocols", protocols)
    ]
    known = validate.check_integer("--k", 2 if k is None else k, 2, validate.MAX_DOMAIN)
    fields = {
        "name": "asked",
        "protocols": names,
        "epsilons": [_budget(text) for text in _parts("--epsilons", epsilons)],
        "data": [{"name": "uniform", "k": known}],
        "prior": [UNIFORM] if data is None else [UNIFORM, INFORMED],
    }
    plan = resolve(fields)
    title = f"{who_is_compared(plan)} on uniform users of {known:,} values"
    return plan.model_copy(update={"title": title})


def _parts(option: str, text: str) -> list[str]:
    """What stands between commas, nothing twice and nothing empty."""
    found = [part.strip() for part in text.split(",")]
    if "" in found:
        raise ValueError(f"{option} must have something between its commas, got {text!r}.")
    if twice := next((part for part in found if found.count(part) > 1), None):
        raise ValueError(f"{option} must name each once, got {twice} twice.")
    return found


def _budget(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"--epsilons must be numbers between commas, got {text!r}.") from None
    return validate.check_positive("--epsilons", number)
