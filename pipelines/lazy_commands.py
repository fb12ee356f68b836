"""Commands whose modules are imported only when they run, so that `kelisim --help` answers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class LazyCommand:
    """Where a command lives and the line that help shows for it."""

    module: str
    help: str


COMMANDS: Mapping[str, LazyCommand] = {
    "estimate": LazyCommand("survey", "Estimates from a complex sample, as exact as R's survey."),
    "calibrate": LazyCommand("survey", "Weights calibrated to known margins."),
    "small-areas": LazyCommand("survey", "Fay-Herriot estimates of small areas."),
    "read": LazyCommand("feeds", "Any file of messages into one clean table, without persons."),
    "map": LazyCommand("feeds", "Draft what the columns of a table of messages mean."),
    "poll": LazyCommand("feeds", "Fetch the feeds of subscriptions.yml into the inbox."),
    "retention": LazyCommand("feeds", "Raw feed files past their time: list or delete."),
    "annotate": LazyCommand("text", "Language, script, region, groups and duplicates of messages."),
    "classify": LazyCommand("discourse", "Discourse, severity and stance of messages, with reasons."),
    "train": LazyCommand("discourse", "Train a discourse model on labelled messages."),
    "evaluate": LazyCommand("discourse", "Scores of a model on labelled messages, with intervals."),
    "label": LazyCommand("labels", "Messages worth labelling, people's labels back, a new model from them."),
    "detect": LazyCommand("warning", "Alarms in series of counts."),
    "alerts": LazyCommand("alerts", "Alerts: list, show, review, approve, dismiss, send, reply, close, export."),
    "ledger": LazyCommand("ledger", "The chain of everything decided: verify."),
    "desk": LazyCommand("desk", "The reviewers' pages, their users, and the addresses of councils."),
    "bulletin": LazyCommand("bulletin", "An issue as HTML, PDF or Word, or its charts, without a new run."),
    "export": LazyCommand("export", "The tables for people as CSV, XLSX, Parquet or SPSS."),
}


class LazyGroup(TyperGroup):
    """A group that knows its late commands by name and imports one when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Own commands first, then the late ones."""
        return [*super().list_commands(ctx), *COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; for a late one a stand-in that holds its line of help."""
        if cmd_name in COMMANDS:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name].help)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the arguments call, imported if it is a late one."""
        if args and args[0] in COMMANDS:
            return args[0], load_command(args[0]), args[1:]
        return super().resolve_command(ctx, args)


def load_command(name: str) -> Any:
    """Import a late command.

    Raises:
        KeyError: if no module holds a command of that name.
    """
    app = import_module(f"pipelines.commands.{COMMANDS[name].module}").app
    found = typer.main.get_command(app)
    return found.commands[name] if isinstance(found, TyperGroup) else found
