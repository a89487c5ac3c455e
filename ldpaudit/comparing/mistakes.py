"""What is wrong with a field of a study, in the words of the other messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: What a field must be, by the kind of mistake that pydantic found; bounds are filled in.
_WORDS = {
    "missing": "is missing",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "too_short": "must have at least {min_length:,} of them",
    "too_long": "must have at most {max_length:,} of them",
    "greater_than": "must be above {gt:,}",
    "greater_than_equal": "must be at least {ge:,}",
    "less_than": "must be below {lt:,}",
    "less_than_equal": "must be at most {le:,}",
    "finite_number": "must be finite",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
}
#: Lists whose items may be a name alone.
_NAMED = ("protocols", "data")
#: How the words of a rule begin that go on with the name of the field.
_RULE = ("is ", "must ")


def in_words(mistake: ErrorDetails, where: str) -> str:
    """One sentence: the field, the rule, and the value where there is one."""
    field, words = ".".join(map(str, mistake["loc"])), _words(mistake)
    if not field:  # about several fields, which the words name
        return f"{where}: {words}."
    joint = " " if words.startswith(_RULE) else ": "
    got = "" if mistake["type"] == "missing" else f", got {mistake['input']!r:.80}"
    return f"{where}: {field}{joint}{words}{got}."


def _words(mistake: ErrorDetails) -> str:
    kind, bounds = mistake["type"], mistake.get("ctx", {})
    if kind not in _WORDS:
        return mistake["msg"].removeprefix("Value error, ")
    if kind == "too_short" and bounds.get("min_length") == 1:
        return "must not be empty"
    if kind == "model_type" and mistake["loc"][0] in _NAMED:
        return "must be a name or a table"
    return _WORDS[kind].format(**bounds)
