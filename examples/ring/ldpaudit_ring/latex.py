"""A comparison as a table for a paper."""

from pathlib import Path

from ldpaudit.comparing import Results


def latex(results: Results, directory: Path) -> list[Path]:
    """Write ``attacks.tex``: the measured success of each attack, one column an epsilon."""
    rows = results.frame.query("metric == 'attack_success' and trials > 0")
    table = rows.pivot_table(
        index=["protocol", "parameters", "attack"], columns="epsilon", values="value", sort=False
    )
    table.columns = [f"epsilon = {epsilon:g}" for epsilon in table.columns]
    text = table.reset_index().to_latex(index=False, escape=True, float_format="%.3f")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "attacks.tex").write_text(text, encoding="utf-8")
    return [directory / "attacks.tex"]
