"""What arrays are called in annotations, by what they hold."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Bools", "Bytes", "Floats", "Ints", "Rows", "Words"]

#: Real numbers: likelihoods, frequencies, scores.
Floats: TypeAlias = npt.NDArray[np.float64]
#: Whole numbers: values, counts, places.
Ints: TypeAlias = npt.NDArray[np.int64]
#: Masks.
Bools: TypeAlias = npt.NDArray[np.bool_]
#: Bits, eight to the byte.
Bytes: TypeAlias = npt.NDArray[np.uint8]
#: Machine words: hashes, keys, sixty-four coins at once.
Words: TypeAlias = npt.NDArray[np.uint64]
#: Reports of several fields, a row per user.
Rows: TypeAlias = npt.NDArray[np.void]
