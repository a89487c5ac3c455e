"""Print the oldest version of every package that pyproject.toml allows, as pip constraints.

    python .ci/lowest.py test parquet > oldest.txt

reads the dependencies and the named extras. A package without a lower bound is left out.
"""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))[
    "project"
]
wanted = project["dependencies"] + [
    line for extra in sys.argv[1:] for line in project["optional-dependencies"][extra]
]
oldest: dict[str, str] = {}
for line in wanted:
    bound = re.match(r"([\w.-]+)\s*>=\s*([\w.]+)", line)
    if bound and oldest.setdefault(bound[1], bound[2]) != bound[2]:
        sys.exit(f"{bound[1]} has two lower bounds, {oldest[bound[1]]} and {bound[2]}")
print(*(f"{name}=={version}" for name, version in sorted(oldest.items())), sep="\n")
