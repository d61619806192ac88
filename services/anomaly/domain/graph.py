"""Plain objects as bytes, and back: a whole watch in one go, whatever its parts are.

What pickle does, but data only: reading creates instances of this package's classes and their bound methods,
containers, arrays and messages, sets their attributes, and calls nothing. Who shares an object before shares it after.
Whatever cannot be kept (a function, a lock) is an error when it is written, not when it is missed.

    bytes = length of the head (8 bytes) + head (JSON: classes, nodes, arrays) + the arrays, one after the other
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import defaultdict, deque
from collections.abc import Iterator
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

import numpy as np
from finops.anomaly.v1 import anomaly_pb2
from google.protobuf.message import Message

HOME = "services.anomaly.domain"
"""Only classes of this package are kept."""
_MESSAGES = "finops.anomaly.v1."
_FACTORIES = {"int": int, "float": float, "list": list, "dict": dict, "set": set}
_LENGTH = 8


class GraphError(ValueError):
    """What cannot be kept, or bytes that are no graph."""


def dump(root: object) -> Iterator[bytes]:
    """The bytes of everything that can be reached from `root`, in pieces. Raises GraphError."""
    writer = _Writer()
    head = json.dumps(writer.head(root), separators=(",", ":")).encode()
    yield len(head).to_bytes(_LENGTH, "big") + head
    for array in writer.arrays:
        yield array.tobytes()


def load(data: bytes) -> Any:
    """What `dump` was given. Raises GraphError."""
    try:
        begin = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
        return _Reader(json.loads(data[_LENGTH:begin]), data, begin).root()
    except GraphError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, ImportError) as error:
        raise GraphError(f"no graph: {error or type(error).__name__}") from error


def _attributes(value: object) -> dict[str, Any]:
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    kept = {name: getattr(value, name) for name in slots if name != "__dict__" and hasattr(value, name)}
    return kept | getattr(value, "__dict__", {})


class _Writer:
    """Nodes are what may be shared or lead back to itself; everything else stands where it is used."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []
        self._nodes: list[Any] = []
        self._number: dict[int, int] = {}
        self._waiting: list[tuple[int, Any]] = []
        self._classes: dict[type, int] = {}

    def head(self, root: object) -> dict[str, Any]:
        top = self._value(root)
        while self._waiting:
            number, value = self._waiting.pop()
            self._nodes[number] = self._node(value)
        classes = [f"{kind.__module__}:{kind.__qualname__}" for kind in self._classes]
        arrays = [(array.dtype.str, array.shape) for array in self.arrays]
        return {"root": top, "classes": classes, "nodes": self._nodes, "arrays": arrays}

    def _value(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, tuple):
            items = [self._value(item) for item in value]
            return ["t", items] if type(value) is tuple else ["n", self._class(type(value)), items]
        if isinstance(value, frozenset):
            return ["f", [self._value(item) for item in value]]
        if isinstance(value, bytes):
            return ["b", b64encode(value).decode()]
        if isinstance(value, np.generic) and value.dtype.kind in "biuf":
            return ["x", value.dtype.str, value.item()]
        if isinstance(value, MethodType):
            return ["c", self._class(type(value.__self__)), value.__name__, self._value(value.__self__)]
        number = self._number.get(id(value))
        if number is None:
            number = self._number[id(value)] = len(self._nodes)
            self._nodes.append(None)
            self._waiting.append((number, value))
        return ["r", number]

    def _node(self, value: Any) -> Any:
        kind = type(value)
        if kind is list:
            return ["l", [self._value(item) for item in value]]
        if kind is dict:
            return ["d", [[self._value(key), self._value(item)] for key, item in value.items()]]
        if kind is set:
            return ["s", [self._value(item) for item in value]]
        if kind is deque:
            return ["q", value.maxlen, [self._value(item) for item in value]]
        if kind is defaultdict and value.default_factory in _FACTORIES.values():
            items = [[self._value(key), self._value(item)] for key, item in value.items()]
            return ["D", value.default_factory.__name__, items]
        if kind is np.ndarray and value.dtype.kind in "biufU":
            self.arrays.append(np.ascontiguousarray(value))
            return ["a", len(self.arrays) - 1]
        if isinstance(value, Message):
            return ["m", value.DESCRIPTOR.full_name, b64encode(value.SerializeToString()).decode()]
        return ["o", self._class(kind), {name: self._value(item) for name, item in _attributes(value).items()}]

    def _class(self, kind: type) -> int:
        if not kind.__module__.startswith(HOME):
            raise GraphError(f"a {kind.__module__}.{kind.__qualname__} cannot be kept")
        return self._classes.setdefault(kind, len(self._classes))


class _Reader:
    """Empty nodes first, then what is in them: objects before sets and dicts, whose keys must have a hash."""

    def __init__(self, head: dict[str, Any], data: bytes, begin: int) -> None:
        self._head = head
        self._classes = [_class_of(name) for name in head["classes"]]
        self._arrays = list(_arrays(head["arrays"], data, begin))
        self._nodes: list[Any] = [self._empty(node) for node in head["nodes"]]

    def root(self) -> Any:
        for wanted in ("o", "lq", "dDs"):
            for node, value in zip(self._head["nodes"], self._nodes, strict=True):
                if node[0] in wanted:
                    self._fill(node, value)
        return self._value(self._head["root"])

    def _empty(self, node: Any) -> Any:
        match node:
            case ["o", number, _]:
                kind = self._classes[number]
                return kind.__new__(kind)
            case ["l", _]:
                return []
            case ["d", _]:
                return {}
            case ["s", _]:
                return set()
            case ["q", most, _]:
                return deque(maxlen=most)
            case ["D", factory, _]:
                return defaultdict(_FACTORIES[factory])
            case ["a", number]:
                return self._arrays[number]
            case ["m", name, content]:
                if not name.startswith(_MESSAGES):
                    raise GraphError(f"no message of ours: {name}")
                return getattr(anomaly_pb2, name.removeprefix(_MESSAGES)).FromString(b64decode(content))
        raise GraphError(f"no node: {str(node)[:40]}")

    def _fill(self, node: Any, value: Any) -> None:
        content = node[-1]
        if node[0] == "o":
            for name, item in content.items():
                object.__setattr__(value, name, self._value(item))
        elif node[0] in "dD":
            value.update((self._value(key), self._value(item)) for key, item in content)
        elif node[0] == "s":
            value.update(map(self._value, content))
        else:
            value.extend(map(self._value, content))

    def _value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        match value:
            case ["r", number]:
                return self._nodes[number]
            case ["t", items]:
                return tuple(map(self._value, items))
            case ["n", number, items]:
                return tuple.__new__(self._classes[number], map(self._value, items))
            case ["f", items]:
                return frozenset(map(self._value, items))
            case ["b", text]:
                return b64decode(text)
            case ["x", kind, number]:
                return np.dtype(kind).type(number)
            case ["c", number, name, owner]:
                return _method(self._classes[number], name, self._value(owner))
        raise GraphError(f"no value: {str(value)[:40]}")


def _class_of(name: str) -> type[Any]:
    module, _, path = name.partition(":")
    if not module.startswith(HOME):
        raise GraphError(f"no class of ours: {name}")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if not isinstance(found, type) or found.__module__ != module:
        raise GraphError(f"no class: {name}")
    return found


def _method(kind: type[Any], name: str, owner: object) -> Any:
    function = getattr(kind, name)
    if not isinstance(function, FunctionType) or type(owner) is not kind:
        raise GraphError(f"no method: {name}")
    return MethodType(function, owner)


def _arrays(kinds: list[Any], data: bytes, begin: int) -> Iterator[np.ndarray[Any, Any]]:
    for kind, shape in kinds:
        array = np.zeros(shape, np.dtype(kind))
        end = begin + array.nbytes
        array[...] = np.frombuffer(data[begin:end], array.dtype).reshape(shape)
        yield array
        begin = end
    if begin != len(data):
        raise GraphError("no graph: it ends too early or too late")
