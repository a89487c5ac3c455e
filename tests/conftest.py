"""For every test: examples have no deadline, for machines are shared and slow at times.

They are the same in every run, so that a change is judged by what it changes; `make fuzz` sets
LDPAUDIT_FUZZ_EXAMPLES, how many new ones a test of random input tries.
"""

from __future__ import annotations

import os

from hypothesis import settings

_EXAMPLES = os.environ.get("LDPAUDIT_FUZZ_EXAMPLES")

settings.register_profile(
    "shared-machine",
    deadline=None,
    max_examples=int(_EXAMPLES or 100),
    derandomize=not _EXAMPLES,
)
settings.load_profile("shared-machine")
