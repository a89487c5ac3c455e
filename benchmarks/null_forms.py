"""How often reports that say nothing of their input are accused, in every form and every file.

Usage: python benchmarks/null_forms.py [SEEDS] [REPORTS] [FIRST]

The forms and files of tests/nulls.py, each with so many seeds, counted from FIRST, and so many
reports per input; audits at default settings. A verdict of violation is an error, of which an
audit may make one in 10,000. What is printed names each.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.nulls import CLAIM, accused, files, forms


def main() -> None:
    """Print the counts, and every violation."""
    given = [int(text) for text in sys.argv[1:]]
    seeds, size, first = (given + [200, 2_000, 0][len(given) :])[:3]
    for kind, sources in (("forms", list(forms())), ("files and frames", list(files()))):
        started = time.process_time()
        audits, beyond, wrong = accused(range(first, first + seeds), size, sources)
        print(
            f"{len(sources)} {kind}, {seeds} seeds, {size:,} reports per input: {audits:,} audits, "
            f"{len(wrong)} violations, {beyond} bounds at alpha = 0.05 beyond {CLAIM}; "
            f"{time.process_time() - started:.0f} s of CPU",
            flush=True,
        )
        for line in wrong:
            print(f"  {line}")


if __name__ == "__main__":
    main()
