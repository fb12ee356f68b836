"""`kelisim`: the command line. Exit code 2 means wrong input, 1 a run that failed or an installation with a hole."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from pipelines.lazy_commands import LazyGroup
from pipelines.messages import say
from pipelines.settings import Settings

app = typer.Typer(
    name="kelisim",
    cls=LazyGroup,
    help="Monitoring of interethnic accord: survey indicators, discourse, early warning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

WRONG_INPUT = 2
FAILED_RUN = 1
LANGUAGES = ("kk", "ru", "en")

HomeOption = Annotated[Path | None, typer.Option("--home", help="folder of inbox, lake and outputs (KELISIM_HOME)")]
LanguageOption = Annotated[str | None, typer.Option("--lang", help="kk, ru or en (KELISIM_LANGUAGE)")]


def settings_of(home: Path | None, language: str | None) -> Settings:
    """Settings of the environment, with what the command line says put over them."""
    chosen = Settings()
    if language is not None and language not in LANGUAGES:
        stop(say("problem.language", chosen.language, value=language))
    changes = {name: value for name, value in (("home", home), ("language", language)) if value is not None}
    return chosen.model_copy(update=changes)


def stop(message: str, code: int = WRONG_INPUT) -> None:
    """Say what is wrong on stderr and end with the code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


@app.command()
def run(
    quarter: Annotated[
        str | None, typer.Option(help="quarter such as 2026-Q3; the default is the last full one")
    ] = None,
    home: HomeOption = None,
    lang: LanguageOption = None,
    rebuild: Annotated[bool, typer.Option(help="read every file again, also those read before")] = False,
) -> None:
    """The main job: everything in the inbox, through the whole graph, for one quarter."""
    from models.periods import QuarterError, quarter_start
    from pipelines.job_runs import RunFailed
    from pipelines.quarter_run import run_quarter
    from pipelines.run_report import print_report, run_progress

    settings = settings_of(home, lang)
    language = settings.language
    try:
        if quarter is not None:
            quarter_start(quarter)
        with run_progress(language) as progress:
            report = run_quarter(settings, quarter, progress, rebuild=rebuild)
    except QuarterError:
        stop(say("problem.quarter", language, value=quarter))
    except OSError as error:
        stop(say("problem.home", language, path=settings.root, reason=error.strerror or error))
    except RunFailed as error:
        typer.echo(say("run.failed", language, reason=error), err=True)
        stop(say("run.see_checks", language, path=settings.root / "checks.html"), FAILED_RUN)
    else:
        print_report(report, language)
        if report.failures:
            raise typer.Exit(FAILED_RUN)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="an empty or new folder")],
    lang: LanguageOption = None,
) -> None:
    """Write the synthetic demo inbox: six survey waves, feeds of two years, returns of the councils."""
    from pipelines.demo import write_demo_inbox

    settings = settings_of(None, lang)
    if folder.exists() and any(folder.iterdir()):
        stop(say("problem.not_empty", settings.language, path=folder))
    write_demo_inbox(
        folder,
        seed=settings.seed,
        messages=settings.demo_messages,
        respondents=settings.demo_respondents,
    )
    typer.echo(say("run.synthetic", settings.language))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            typer.echo(f"{path}  {path.stat().st_size:,} B")


@app.command()
def docs(folder: Annotated[Path, typer.Argument(help="the documentation's folder")] = Path("docs")) -> None:
    """Write the pages of every table and source contract."""
    from pipelines.contract_pages import write_pages

    for path in write_pages(folder):
        typer.echo(str(path))


@app.command()
def dev(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="port on 127.0.0.1")] = 3000,
) -> None:
    """Dagster's page and daemon on this machine alone."""
    from pipelines.home import open_home, open_instance

    settings = settings_of(home, None)
    root = open_home(settings)
    open_instance(root).dispose()
    environment = os.environ | {
        "DAGSTER_HOME": str(root / "dagster"),
        "KELISIM_HOME": str(root),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    workspace = Path(__file__).resolve().parent.parent / "workspace.yaml"
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    raise typer.Exit(subprocess.call(command, env=environment))  # noqa: S603 - our own arguments


def main() -> None:
    """Entry point of the `kelisim` script."""
    # Dagster announces at import which of its parameters are in beta; that is nothing to the person at the prompt.
    warnings.filterwarnings("ignore", message=".*is currently in (beta|preview).*")
    try:
        app()
    except RuntimeError as error:
        from models.text.encoder_weights import EncoderError

        if not isinstance(error, EncoderError):
            raise
        typer.echo(f"kelisim: {error}", err=True)
        sys.exit(FAILED_RUN)
