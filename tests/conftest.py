"""For every test: examples have no deadline, for machines are shared and slow at times.

They are the same in every run, so that a change is judged by what it changes; `make fuzz` sets
LDPAUDIT_FUZZ_EXAMPLES, how many new ones a test of random input tries.

What a terminal or a runner asks of programs is set aside, here and in every process that a test
starts: a width, colours, warnings, and that children who end are not waited for.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

os.environ["COLUMNS"] = "80"
for _name in ("LINES", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "PYTHONWARNINGS"):
    os.environ.pop(_name, None)
if hasattr(signal, "SIGCHLD"):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

_EXAMPLES = os.environ.get("LDPAUDIT_FUZZ_EXAMPLES")

settings.register_profile(
    "shared-machine",
    deadline=None,
    max_examples=int(_EXAMPLES or 100),
    derandomize=not _EXAMPLES,
)
settings.load_profile("shared-machine")
