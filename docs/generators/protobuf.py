"""protobuf.md: every service, message and enum of proto/, with the comments written there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

PROTO = Path(__file__).resolve().parents[2] / "proto"

_HEAD = """# Protobuf reference

Generated from the comments in `proto/` by `python docs/reference.py`. Topics carry these messages as they are; gRPC
serves the services with reflection on. Times are microseconds since the epoch, UTC; money is an exact integer of
picodollars.
"""

# Field numbers of descriptor.proto, by which source comments are addressed.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM = 2, 3, 4
_ENUM_VALUE = 2
_SERVICE_METHOD = 2

Address = tuple[int, ...]


def document() -> str:
    """The whole reference."""
    found = sorted(_compiled().file, key=lambda file: file.package)
    contents = "".join(f"- [{file.package}](#{_anchor(file.package)})\n" for file in found)
    return f"{_HEAD}\n{contents}" + "".join(_File(file).text() for file in found)


def _compiled() -> FileDescriptorSet:
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "finops").rglob("*.proto"))
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "set"
        subprocess.run(
            [
                sys.executable, "-m", "grpc_tools.protoc",
                f"--proto_path={PROTO}",
                f"--proto_path={files('grpc_tools').joinpath('_proto')}",
                f"--descriptor_set_out={target}",
                "--include_source_info",
                *sources,
            ],
            cwd=PROTO,
            check=True,
        )  # fmt: skip
        return FileDescriptorSet.FromString(target.read_bytes())


@dataclass
class _File:
    """One .proto file as Markdown."""

    file: FileDescriptorProto

    def text(self) -> str:
        parts = [f"\n## {self.file.package}\n\n`proto/{self.file.name}`\n"]
        parts += [self._service(service, (_FILE_SERVICE, i)) for i, service in enumerate(self.file.service)]
        for i, message in enumerate(self.file.message_type):
            parts += self._message(message, (_FILE_MESSAGE, i), message.name)
        parts += [self._enum(enum, (_FILE_ENUM, i), enum.name) for i, enum in enumerate(self.file.enum_type)]
        return "".join(parts)

    def _service(self, service: ServiceDescriptorProto, path: Address) -> str:
        rows = [
            (
                f"`{method.name}`",
                self._link(method.input_type),
                ("stream of " if method.server_streaming else "") + self._link(method.output_type),
                self._comment((*path, _SERVICE_METHOD, i)),
            )
            for i, method in enumerate(service.method)
        ]
        return self._section(service.name, path, ("method", "request", "response", ""), rows)

    def _message(self, message: DescriptorProto, path: Address, name: str) -> Iterator[str]:
        maps = {f".{self.file.package}.{name}.{n.name}": n for n in message.nested_type if n.options.map_entry}
        rows = [
            (
                str(field.number),
                f"`{field.name}`",
                self._type(field, maps),
                self._field_comment(message, field, path, i),
            )
            for i, field in enumerate(message.field)
        ]
        yield self._section(name, path, ("", "field", "type", ""), rows)
        for i, nested in enumerate(message.nested_type):
            if not nested.options.map_entry:
                yield from self._message(nested, (*path, _MESSAGE_NESTED, i), f"{name}.{nested.name}")
        for i, enum in enumerate(message.enum_type):
            yield self._enum(enum, (*path, _MESSAGE_ENUM, i), f"{name}.{enum.name}")

    def _enum(self, enum: EnumDescriptorProto, path: Address, name: str) -> str:
        rows = [
            (str(value.number), f"`{value.name}`", self._comment((*path, _ENUM_VALUE, i)))
            for i, value in enumerate(enum.value)
        ]
        return self._section(name, path, ("", "value", ""), rows)

    def _section(self, name: str, path: Address, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        comment = self._paragraphs(path)
        text = f"\n### {self.file.package}.{name}\n" + (f"\n{comment}\n" if comment else "")
        if rows:
            text += f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
            text += "".join(f"| {' | '.join(row)} |\n" for row in rows)
        return text

    def _field_comment(self, message: DescriptorProto, field: FieldDescriptorProto, path: Address, index: int) -> str:
        comment = self._comment((*path, _MESSAGE_FIELD, index))
        if field.HasField("oneof_index") and not field.proto3_optional:
            return f"One of `{message.oneof_decl[field.oneof_index].name}`. {comment}".strip()
        return comment

    def _type(self, field: FieldDescriptorProto, maps: Mapping[str, DescriptorProto]) -> str:
        if field.type_name in maps:
            key, value = maps[field.type_name].field
            return f"map of {self._plain(key)} to {self._plain(value)}"
        if field.label == FieldDescriptorProto.LABEL_REPEATED:
            return f"repeated {self._plain(field)}"
        return f"optional {self._plain(field)}" if field.proto3_optional else self._plain(field)

    def _plain(self, field: FieldDescriptorProto) -> str:
        if field.type_name:
            return self._link(field.type_name)
        return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()

    def _link(self, type_name: str) -> str:
        full = type_name.removeprefix(".")
        shown = full.removeprefix(f"{self.file.package}.")
        return f"[{shown}](#{_anchor(full)})" if full.startswith("finops.") else full

    def _comment(self, path: Address) -> str:
        return " ".join(self._paragraphs(path).split()).replace("|", "\\|")

    def _paragraphs(self, path: Address) -> str:
        for location in self.file.source_code_info.location:
            if tuple(location.path) == path:
                lines = (location.leading_comments or location.trailing_comments).splitlines()
                return "\n".join(line.removeprefix(" ") for line in lines).strip()
        return ""


def _anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub writes it."""
    return heading.lower().replace(".", "")
