"""The command `aifinops`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperGroup

_COMMANDS = {
    "import": "import_:import_command",
    "collect": "collect:collect_command",
    "price": "price:price_command",
    "reconcile-bill": "reconciliation:reconcile_bill_command",
    "rerate": "rerate:rerate_command",
    "unpriced": "rerate:unpriced_command",
    "up": "up:up_command",
    "demo": "up:demo_command",
    "run": "run:run_command",
    "topics": "prepare:topics_command",
    "migrate": "prepare:migrate_command",
    "reconcile": "reconcile:reconcile_command",
    "version": "version:version_command",
    "anomaly": "anomaly:app",
    "budgets": "budgets:app",
    "connectors": "connectors:app",
    "contracts": "contracts:app",
    "dlq": "dlq:app",
    "export": "export:app",
    "key": "key:app",
    "prices": "prices:app",
    "tenant": "tenant:app",
}
"""Where each is, in `commands`: a module, and in it a function or an app with commands of its own."""


class _Loaded(Mapping[str, Any]):
    """Commands by name. Only what is looked up is imported: all of them together take seconds."""

    def __getitem__(self, name: str) -> Any:
        module, attribute = _COMMANDS[name].split(":")
        found = getattr(import_module(f"services.allinone.commands.{module}"), attribute)
        alone = typer.Typer()
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=name)
        else:
            alone.command(name)(found)
        return typer.main.get_group(alone).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Group(TyperGroup):
    """The commands of this house, each imported when it is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast(Any, _Loaded())

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)


app = typer.Typer(cls=_Group, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _root() -> None:
    """The command `aifinops`."""


def main() -> None:
    """Entry point."""
    app(prog_name="aifinops")


if __name__ == "__main__":
    main()
