"""What the script `kelisim` says when its installation lacks what the encoder needs."""

from __future__ import annotations

import pytest

from models.text.encoder import EncoderError
from pipelines import cli


def test_missing_weights_are_one_line_and_a_failed_run(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def broken() -> None:
        raise EncoderError("the weights are missing; install them again")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == cli.FAILED_RUN
    assert capsys.readouterr().err == "kelisim: the weights are missing; install them again\n"


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        cli.main()
