"""Which bound an audit uses, and which it must not."""

from __future__ import annotations

from ldpaudit.auditing.stopping import StopWhen
from ldpaudit.bounds.named import NamedBound
from ldpaudit.bounds.registered import registered_bound

#: The bound of an audit that is planned, and of one that may stop early.
DEFAULT_BOUND, DEFAULT_ANYTIME_BOUND = "posterior-odds", "anytime"


def choose_bound(name: str | None, stop: StopWhen, model_based: bool) -> NamedBound:
    """The bound of an audit; refused where it does not hold for what is asked."""
    usual = DEFAULT_BOUND if stop.never else DEFAULT_ANYTIME_BOUND
    bound = registered_bound(usual if name is None else name)
    if getattr(bound.rule, "requires_opt_in", False) and not model_based:
        raise ValueError(
            f"bound {bound.name!r} holds only for mechanisms of one kind; "
            "ask for it with model_based=True (--model-based)."
        )
    if not stop.never and bound.kind != "anytime":
        raise ValueError(
            f"stop_when={stop.text} looks many times, which takes an anytime bound, "
            f"got {bound.name!r}, which is {bound.kind}."
        )
    return bound
