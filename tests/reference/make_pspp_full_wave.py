"""Makes synthetic_wave_2023_pspp.sav: the demo's wave of 2023 in small, written by GNU PSPP and not by our own writer.

Run once by hand in this folder where `pspp` is installed; the committed file was made by PSPP 1.6.2 of Debian 12.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from models.simulation.waves import wave
from pipelines.demo_waves import write_wave

TARGET = Path(__file__).with_name("synthetic_wave_2023_pspp.sav")
SYNTAX = """\
GET FILE = '{source}' /DROP = PHONE COMMENT.
SAVE OUTFILE = '{target}' /ZCOMPRESSED.
"""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        source = write_wave(Path(folder), 2023, wave(2023, 2026, 1_000))
        syntax = Path(folder) / "resave.sps"
        syntax.write_text(SYNTAX.format(source=source, target=TARGET), encoding="utf-8")
        subprocess.run(["pspp", str(syntax)], check=True)
