"""For every test: examples have no deadline, for machines are shared and slow at times.

`make fuzz` sets LDPAUDIT_FUZZ_EXAMPLES, how many examples a test of random input tries.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile(
    "shared-machine",
    deadline=None,
    max_examples=int(os.environ.get("LDPAUDIT_FUZZ_EXAMPLES") or 100),
)
settings.load_profile("shared-machine")
