"""Pages that have a source of their own: public names, commands and the study file."""

from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from types import GenericAlias
from typing import Any

import typer
from sphinx.application import Sphinx

import ldpaudit

#: Modules of the ground floor without a face; what they define is public as well.
_PLAIN = ("claim", "counts", "divergence", "registry", "sampling")


def public_names() -> dict[str, list[str]]:
    """Module that shows them -> public names."""
    found = {"ldpaudit": [name for name in ldpaudit.__all__ if name != "testing"]}
    for info in pkgutil.iter_modules(ldpaudit.__path__):
        if info.name.startswith("_") or info.name in ("cli", "pytest_plugin"):
            continue
        module = import_module(f"ldpaudit.{info.name}")
        if info.name in _PLAIN:
            found[module.__name__] = [
                name
                for name, value in vars(module).items()
                if getattr(value, "__module__", None) == module.__name__
                and not name.startswith("_")
                and callable(value)
            ]
        elif hasattr(module, "__all__"):
            found[module.__name__] = [
                name for name in module.__all__ if not inspect.ismodule(getattr(module, name))
            ]
    return found


def write(app: Sphinx) -> None:
    """Write the pages, each only where it changed."""
    folder = Path(app.srcdir) / "reference"
    pages = {"commands.md": _commands(), "study-file.md": _study_file(), "index.md": _index()}
    home = homes()
    for module, names in public_names().items():
        pages[f"{module}.md"] = _module(module, names)
        pages |= {f"{module}.{name}.md": _name(module, name, home) for name in names}
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def _tree(entries: list[str], *options: str) -> str:
    return "\n".join(["```{toctree}", *options, *entries, "```", ""])


def _index() -> str:
    modules = sorted(public_names())
    return "\n".join(
        [
            "# Reference",
            "",
            "Every public name, every command and every field of a study, from their own sources.",
            "",
            _tree(["commands", "study-file", *modules], ":maxdepth: 1"),
        ]
    )


def _module(module: str, names: list[str]) -> str:
    rows = [f"- [`{name}`]({module}.{name}.md): {_first(module, name)}" for name in names]
    text = inspect.getdoc(import_module(module)) or ""
    return "\n".join(
        [
            f"# {module}",
            "",
            text.partition("\n")[0],
            "",
            *rows,
            "",
        ]
    )


def _first(module: str, name: str) -> str:
    value = getattr(import_module(module), name)
    own = inspect.getdoc(value) if callable(value) else ""
    return (own or "").partition("\n")[0].replace("|", "\\|").replace("<", "\\<")


def homes() -> dict[int, str]:
    """Class or function -> the first name that shows it; the pages of others point there."""
    found: dict[int, str] = {}
    for module, names in public_names().items():
        for name in names:
            value = getattr(import_module(module), name)
            if inspect.isclass(value) or inspect.isfunction(value):
                found.setdefault(id(value), f"{module}.{name}")
    return found


#: Pages of names hang on the list of their module alone: a menu of all would be in every page.
_ALONE = "---\norphan: true\n---\n\n"


def _name(module: str, name: str, home: dict[int, str]) -> str:
    value: Any = getattr(import_module(module), name)
    own = home.get(id(value), f"{module}.{name}")
    if own != f"{module}.{name}":
        return f"{_ALONE}# {name}\n\nThe same as [`{own}`]({own}.md).\n"
    if inspect.isclass(value) and not isinstance(value, GenericAlias):
        bases = "object, tuple, Protocol, BaseModel"
        how, options = "autoclass", f"   :members:\n   :inherited-members: {bases}\n"
    elif inspect.isroutine(value):
        how, options = "autofunction", ""
    else:  # an alias of types or a constant: its own text is not about it
        how, options = "py:data", f"\n   ``{value!r}``\n"
    body = f".. {how}:: {module}.{name}\n{options}"
    return f"{_ALONE}# {name}\n\n```{{eval-rst}}\n{body}```\n"


def _commands() -> str:
    from ldpaudit.cli.commands import app

    root = typer.main.get_command(app)
    parts = ["# Commands", "", "As `ldpaudit --help` and `ldpaudit COMMAND --help` print them.", ""]
    commands = {"ldpaudit": root} | {
        f"ldpaudit {name}": command
        for name, command in root.commands.items()  # type: ignore[attr-defined]
    }
    for title, command in commands.items():
        context = command.make_context(title, [], resilient_parsing=True)
        parts += [f"## {title}", "", "```text", command.get_help(context).strip(), "```", ""]
    return "\n".join(parts)


def _study_file() -> str:
    from ldpaudit.comparing import study

    parts = [
        "# The study file",
        "",
        "A TOML file with these fields; `ldpaudit compare --study FILE.toml` runs it.",
        "`ldpaudit init FILE.toml` writes one with comments to begin with.",
        "",
    ]
    for title, model in (
        ("At the top", study.Study),
        ("`[[data]]`", study.DataSpec),
        ("`[[protocols]]`", study.ProtocolSpec),
        ("`[[audits]]`", study.AuditSpec),
    ):
        parts += [f"## {title}", "", "| field | default |", "|---|---|"]
        for name, field in model.model_fields.items():
            default = "required"
            if not field.is_required():
                default = f"`{field.get_default(call_default_factory=True)!r}`"
            parts.append(f"| `{name}` | {default} |")
        where = f"ldpaudit.comparing.study.{model.__name__}"
        parts += ["", f"```{{eval-rst}}\n.. autoclass:: {where}\n   :noindex:\n```", ""]
    parts += ["## The default study", "", "```toml"]
    source = Path(study.__file__).parents[1] / "studies" / "default.toml"
    return "\n".join([*parts, source.read_text(encoding="utf-8").strip(), "```", ""])


_LITERAL = re.compile(r"(``.+?``)")


def plain_bars(*handed: Any) -> None:
    """A bar is one of |x|, never a substitution."""
    lines: list[str] = handed[-1]
    for place, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = _LITERAL.split(line)
            parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
            lines[place] = "".join(parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for sources."""
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", plain_bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
