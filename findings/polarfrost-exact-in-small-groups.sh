#!/usr/bin/env bash
# polarfrost's variant that keeps rows masks only categorical quasi-identifiers of groups smaller than k: dates of birth and postal codes, which it cuts to ranges in large groups, stay exact there; and its Mondrian drops people with a missing value.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'polars==1.31.0' 'pandas==2.2.3'
# It imports two names of pyspark, which is large, for tables of Spark only; and it asks for Python before 3.12.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps --ignore-requires-python 'polarfrost==0.2.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Groups by polarfrost 0.2.1 at k = 5, of six people and of two, and 40 people, 10 of unknown age."""
import sys
import types
from importlib.metadata import version

for name in ("pyspark", "pyspark.sql", "pyspark.sql.functions"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["pyspark.sql.functions"].__dict__.update(pandas_udf=None, PandasUDFType=None)
import polars as pl
from polarfrost.mondrian import mondrian_k_anonymity, mondrian_k_anonymity_alt

people = pl.DataFrame({
    "clinic": ["north"] * 6 + ["south"] * 2,
    "born": ["1950-01-01", "1960-02-02", "1970-03-03", "1980-04-04", "1990-05-05", "2000-06-06", "1948-03-02", "1991-12-24"],
    "zip": ["10115", "10117", "10119", "10178", "10179", "10243", "20095", "20097"],
    "sex": ["f", "m"] * 4,
    "diagnosis": ["flu", "gout"] * 4,
})
quasi = ["born", "zip", "sex"]
out = mondrian_k_anonymity_alt(people.lazy(), quasi, "diagnosis", 5, categorical=["sex"], group_columns=["clinic"]).collect()
for row in (out.filter(pl.col("clinic") == "north").row(0), *out.filter(pl.col("clinic") == "south").rows()):
    print(f"polarfrost {version('polarfrost')}: row keeping, k = 5: {row}")
exact = out.filter(pl.col("clinic") == "south").select("born", "zip").equals(people[6:].select("born", "zip"))
large = set(out.filter(pl.col("clinic") == "north")["born"]) == {"[1950-01-01-2000-06-06]"}

ages = [None if i % 4 == 0 else 20 + i for i in range(40)]
groups = mondrian_k_anonymity(pl.DataFrame({"age": ages, "diagnosis": ["flu"] * 40}), ["age"], "diagnosis", 5)
left = groups["count"].sum()
print(f"Mondrian, k = 5: of {len(ages)} people, {ages.count(None)} of them of unknown age, the groups count {left}")
sys.exit(not (exact and large and left == 30))
PY
