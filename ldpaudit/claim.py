"""What is claimed of a mechanism, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ldpaudit import validate


@dataclass(frozen=True)
class Claim:
    """What is claimed of a mechanism, and what an audit holds it to: (epsilon, delta)-LDP.

    Attributes
    ----------
    epsilon : float
        Positive, in natural-log units.
    delta : float, default 0
        In [0, 1).

    Examples
    --------
    >>> str(Claim(1.0)), str(Claim(1.0, 1e-6))
    ('1.0-LDP', '(1.0, 1e-06)-LDP')
    """

    epsilon: float
    delta: float = 0.0

    @classmethod
    def of(cls, mechanism: Any) -> Claim:
        """The claim of a mechanism, checked; delta is 0 where it names none."""
        return cls.checked(mechanism.epsilon, getattr(mechanism, "delta", 0.0))

    @classmethod
    def checked(cls, epsilon: Any, delta: Any = 0.0) -> Claim:
        """A claim from what somebody gave; ValueError or TypeError where it is none."""
        return cls(validate.check_positive("epsilon", epsilon), validate.check_delta(delta))

    def __str__(self) -> str:
        return f"({self.epsilon}, {self.delta})-LDP" if self.delta else f"{self.epsilon}-LDP"
