"""`kelisim alerts`: the group of commands about alert candidates."""

from __future__ import annotations

import typer

from pipelines.commands import alerts_decisions as decisions
from pipelines.commands import alerts_reading as reading

app = typer.Typer(no_args_is_help=True, help="Alert candidates.")
alerts = typer.Typer(no_args_is_help=True, help="Alert candidates: two people decide before anything leaves.")
app.add_typer(alerts, name="alerts")
for name, command in (
    ("list", reading.list_command),
    ("show", reading.show_command),
    ("review", decisions.review_command),
    ("approve", decisions.approve_command),
    ("dismiss", decisions.dismiss_command),
    ("send", decisions.send_command),
    ("reply", decisions.reply_command),
    ("close", decisions.close_command),
    ("correct", decisions.correct_command),
    ("missed", decisions.missed_command),
    ("export", reading.export_command),
):
    alerts.command(name)(command)


@app.callback()
def _group() -> None:
    """Keep `alerts` a group of its own."""
