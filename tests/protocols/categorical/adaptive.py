"""The adaptive protocols by name, with the parameter that each of them chooses."""

from __future__ import annotations

from typing import Any

from ldpaudit.protocols.categorical.adaptive_protocols import (
    AdaptiveLocalHashing,
    AdaptiveSubsetSelection,
    AdaptiveThresholding,
    AdaptiveUnaryEncoding,
)

CLASSES: dict[str, Any] = {
    "ass": AdaptiveSubsetSelection,
    "aue": AdaptiveUnaryEncoding,
    "alh": AdaptiveLocalHashing,
    "athe": AdaptiveThresholding,
}
PARAMETERS = {"ass": "subset_size", "aue": "p_star", "alh": "num_buckets", "athe": "theta"}


def build(
    name: str, k: int, epsilon: float, weights: tuple[float, float] = (0.5, 0.5), **rest: str
) -> Any:
    return CLASSES[name](k, epsilon, *weights, **rest)


def chosen(name: str, m: Any) -> float:
    return float(getattr(m, PARAMETERS[name]))
