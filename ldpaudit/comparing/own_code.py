"""Protocols and attacks of one's own in a study: by path, or as the object itself.

What they are called is free; finished cells of theirs are known by what is in them, the source
and the parameters, and never by where they are in memory.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from ldpaudit import validate
from ldpaudit.adapters.objects import attack_of, import_object, is_built, mechanism_of

_PLAIN = (bool, int, float, str, tuple)
_HOW = {"batched": False, "reproducible": True}


class OwnCode:
    """Something that somebody wrote: ``file.py:Object``, ``package.module:Object``, or an object.

    A class that pydantic leaves alone, whatever it holds.
    """

    def __init__(self, given: Any) -> None:
        self.target = given if isinstance(given, str) else None
        self._given = given

    def __repr__(self) -> str:
        return self.label

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnCode) and self._given is other._given

    def __hash__(self) -> int:
        return hash(self.label)

    def __getstate__(self) -> dict[str, Any]:
        """What a worker needs: a path, or the object with the code that it is made of."""
        given = self.target if self.target is not None else _Carried(self._given)
        return {"target": self.target, "content": self.content, "_given": given}

    @property
    def label(self) -> str:
        """Where it is from, in words that say it on every machine."""
        if self.target is not None:
            return self.target
        kind = _kind(self._given)
        return f"{kind.__module__}:{kind.__qualname__}"

    @property
    def name(self) -> str:
        """What it is called where nothing else is said."""
        if self.target is not None:
            return self.target.rpartition(":")[2]
        return str(getattr(self._given, "name", "") or _kind(self._given).__name__)

    @cached_property
    def found(self) -> Any:
        """The object; a file is executed now."""
        if self.target is None:
            return self._given
        content = self.content
        return _imported(self.target, content)

    @cached_property
    def content(self) -> str | None:
        """What it is, as a digest: its source and, of an object that is built, its state.

        None where no source can be read, as of what was typed into a prompt.
        """
        if self.target is not None:
            path, _, name = self.target.rpartition(":")
            source = _file_of(path)
            return None if source is None else _digest(source.read_bytes(), name)
        return _content(self._given)

    @property
    def built(self) -> bool:
        """Whether it is a mechanism already and takes no parameters."""
        return is_built(self.found)

    def mechanism(self, parameters: dict[str, Any]) -> Any:
        """The mechanism of these parameters, as `ldpaudit audit` builds it."""
        return mechanism_of(self.found, self.label, parameters, _HOW)

    def attack(self) -> Any:
        """The attack; one that is given as a class is built without parameters."""
        return attack_of(self.found, self.label)

    def takes(self) -> set[str] | None:
        """Names of parameters that it shows; None for a function of (value, rng)."""
        if self.built:
            return set()
        try:
            names = set(inspect.signature(self.found).parameters)
        except (TypeError, ValueError):
            return {"k", "epsilon"}
        return names if isinstance(self.found, type) or "epsilon" in names else None


def own_code(value: Any) -> Any:
    """A path to code, or an object, as own code; any other value as it is."""
    if isinstance(value, str):
        return OwnCode(value) if ":" in value else value
    plain = value is None or isinstance(value, bool | int | float | list | tuple | dict | OwnCode)
    return value if plain else OwnCode(value)


def a_protocol(value: Any) -> Any:
    """A name, a path to code or an object alone as a table that holds it."""
    found = own_code(value)
    if isinstance(found, OwnCode):
        return {"name": found.name, "code": found}
    if isinstance(found, str):
        return {"name": found}
    if isinstance(found, dict) and "code" in found:
        code = own_code(found["code"])
        return {"name": code.name} | found if isinstance(code, OwnCode) else found
    return found


def some_code(value: Any) -> Any:
    """What a protocol is built by, where that is one's own."""
    found = own_code(value)
    if found is None or isinstance(found, OwnCode):
        return found
    raise ValueError("must be file.py:OBJECT, package.module:OBJECT or an object")


def an_attack(value: Any) -> Any:
    """The name of an attack, or own code."""
    found = own_code(value)
    if isinstance(found, str | OwnCode):
        return found
    raise ValueError("must be a name, file.py:OBJECT or an attack")


def _text(value: Any) -> str:
    return str(value)


#: Own code as a field: what is written down of it is where it is from.
_Written = PlainSerializer(_text, return_type=str, when_used="json-unless-none")
Code = Annotated[Any, BeforeValidator(some_code), _Written]
AttackName = Annotated[Any, BeforeValidator(an_attack), _Written]


def source_of(component: Any) -> str:
    """Digest of the files that a part of another package is written in; empty if unreadable."""
    found = _sources(_kind(component))
    return "" if found is None else _digest(found)


def check_trusted(study: str, codes: list[OwnCode], trusted: Sequence[str]) -> None:
    """Refuse to run what a file names and the user does not: a study may come from anywhere."""
    known = {_place(one) for one in trusted}
    for code in codes:
        path = (code.target or "").rpartition(":")[0]
        if _place(path) not in known:
            raise ValueError(
                f"study {study} runs the code of {path}: if you trust it, name it too, "
                f"--code {path} (in Python code=[{path!r}])."
            )


def _place(path: str) -> str:
    return str(Path(path).resolve()) if path.endswith(".py") else path


def check_readable(codes: list[OwnCode]) -> None:
    """Refuse to keep cells of code that nothing tells from other code of its name."""
    for code in codes:
        if code.content is None:
            raise ValueError(
                f"finished cells of {code.name} cannot be kept, for its source cannot be read: "
                "write it into a file, or leave out the output folder."
            )


@lru_cache(maxsize=64)
def _imported(target: str, content: str | None) -> Any:
    """A file is executed once for what it holds, and again once it is another."""
    del content
    return import_object(target)


def _file_of(path: str) -> Path | None:
    if path.endswith(".py"):
        if not Path(path).is_file():
            raise ValueError(f"{path} does not exist.")
        return Path(path)
    try:
        spec = importlib.util.find_spec(path)
    except (ImportError, ValueError):
        spec = None
    origin = None if spec is None else spec.origin
    return Path(origin) if origin and Path(origin).is_file() else None


def _content(thing: Any) -> str | None:
    """Digest of an object: of its source, and of what it holds."""
    if isinstance(thing, partial):
        inner = _content(thing.func)
        state = _state((thing.args, thing.keywords))
        return None if inner is None or state is None else _digest(inner.encode(), state)
    sources = _sources(_kind(thing))
    if sources is None:
        return None
    if isinstance(thing, type | FunctionType):
        closure = getattr(thing, "__closure__", None)
        state = _state([cell.cell_contents for cell in closure]) if closure else ""
    else:
        state = _state(thing)
    return None if state is None else _digest(sources, _kind(thing).__qualname__, state)


def _kind(thing: Any) -> Any:
    """The class or function that an object is of."""
    if isinstance(thing, MethodType):
        return thing.__func__
    if isinstance(thing, partial):
        return _kind(thing.func)
    return thing if isinstance(thing, type | FunctionType) else type(thing)


def _sources(kind: Any) -> bytes | None:
    """The files that a class and those above it, or a function, are written in."""
    found = []
    for one in inspect.getmro(kind)[:-1] if isinstance(kind, type) else (kind,):
        try:
            found.append(Path(inspect.getfile(one)).read_bytes())
        except (TypeError, OSError):
            written = _typed(one)
            if written is None:
                return None
            found.append(written.encode())
    return b"\0".join(found)


def _typed(kind: Any) -> str | None:
    """The source of what stands in no file: that of a notebook can be read by functions."""
    own = dict(vars(kind)) if isinstance(kind, type) else {kind.__name__: kind}
    found = []
    for name, one in own.items():
        plain = getattr(one, "__func__", one)
        if not isinstance(plain, FunctionType):
            found.append(f"{name} = {one!r}" if isinstance(one, _PLAIN) else name)
        elif plain.__code__.co_filename != "<string>":  # what dataclasses write
            try:
                found.append(inspect.getsource(plain))
            except (OSError, TypeError):
                return None
    return "\n".join(found)


def _state(thing: Any) -> str | None:
    """What an object holds, the same in every process; None where that cannot be told."""
    import joblib

    try:
        return str(joblib.hash(thing))
    except Exception:  # whatever cannot be pickled
        return None


class _Carried:
    """An object on its way to a process that may not find the module that it is written in."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        from joblib.externals.loky import cloudpickle_wrapper as loky

        # joblib carries a cloudpickle of its own, or since 1.6 asks for one.
        cloudpickle: Any = sys.modules[loky.dumps.__module__]
        module = sys.modules.get(_kind(self._thing).__module__)
        listed = cloudpickle.list_registry_pickle_by_value()
        if module is None or _importable(module) or module.__name__ in listed:
            return loky.loads, (loky.dumps(self._thing),)
        cloudpickle.register_pickle_by_value(module)
        try:
            return loky.loads, (loky.dumps(self._thing),)
        finally:
            cloudpickle.unregister_pickle_by_value(module)


def _importable(module: ModuleType) -> bool:
    """Whether every process finds a module: what is installed, and what cloudpickle carries."""
    if module.__name__ == "__main__" or module.__name__.partition(".")[0] == "ldpaudit":
        return True
    file = getattr(module, "__file__", None)
    return file is None or bool({"site-packages", "dist-packages"} & set(Path(file).parts))


def _digest(content: bytes, *words: str) -> str:
    return hashlib.sha256("\0".join(["", *words]).encode() + content).hexdigest()


def check_name(name: str, registered: list[str]) -> None:
    """Refuse a name for own code that is a registered protocol's."""
    if name in registered:
        raise ValueError(
            f"{name} is the name of a registered protocol: give your own another one, "
            '{ name = "mine", code = "..." }.'
        )
    validate.check_text("name", name)
