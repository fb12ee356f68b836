from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from models.discourse.persistence import write_model
from pipelines.commands.discourse import app

RUN = CliRunner()


@pytest.fixture(scope="module")
def model_folder(small_model, tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "small"
    write_model(small_model, place)
    return place


def test_classify_answers_every_row_and_scores_exactly_the_target(model_folder, tmp_path):
    rows = [
        {"id": "1", "text": "Узбеки все воры, гнать их", "target": "узбек"},
        {"id": 2, "text": "", "target": None},
        {"id": "3", "text": "\ud800 казахи и русские дружат", "target": "русский"},
        {"id": "3", "text": "x\x00y" * 10, "target": "немец"},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    answer = RUN.invoke(
        app, ["classify", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"), "--model", str(model_folder)]
    )
    assert answer.exit_code == 0, answer.output
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in found] == ["1", "2", "3", "3"]
    assert [[target["surface"] for target in row["targets"]] for row in found] == [
        ["узбек"],
        [],
        ["русский"],
        ["немец"],
    ]
    assert set(found[0]) == {
        "id", "language", "discourse", "discourse_probabilities", "severity", "hostile_probability", "targets",
        "abstained", "reasons",
    }  # fmt: skip
    assert sum(found[0]["discourse_probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert sum(found[0]["targets"][0]["stance_probabilities"].values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("in.jsonl", b'{"id": 1, "text": "a"}\n{"id": 2, "te', "line 2"),
        ("in.jsonl", b"[1]\n", "must be an object"),
        ("in.csv", b"id,words\n1,a\n", "no column `text`"),
        ("in.csv", b"text\na\n", "no column `id`"),
        ("in.csv", "id,text\n1,\u043f\u0440\u0438\u0432\u0435\u0442\n".encode("cp1251"), "not UTF-8"),
        ("in.csv", b"", "is empty"),
        ("in.jsonl.gz", b"\x1f\x8b\x08half", "gzip"),
        ("in.parquet", b"PAR1....", "cannot be read as parquet"),
        ("in.docx", b"x", "must end in one of"),
    ],
)
def test_wrong_input_ends_with_code_2_and_writes_nothing(model_folder, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    answer = RUN.invoke(
        app, ["classify", str(tmp_path / name), "-o", str(tmp_path / "out.csv"), "--model", str(model_folder)]
    )
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_train_and_evaluate(some_rows, tmp_path):
    rows = some_rows.select("text", "discourse", "severity")
    rows.write_csv(tmp_path / "labels.csv")
    args = ["train", str(tmp_path / "labels.csv"), "-o", str(tmp_path / "mine"), "--from-scratch"]
    trained = RUN.invoke(app, [*args, "--heads", "discourse,severity"])
    assert trained.exit_code == 0, trained.output
    scored = RUN.invoke(app, ["evaluate", str(tmp_path / "mine"), str(tmp_path / "labels.csv"), "--format", "json"])
    assert scored.exit_code == 0, scored.output
    result = json.loads(scored.output)
    assert set(result) == {"discourse", "severity"}
    assert result["discourse"]["row_count"] == len(rows)
    assert result["discourse"]["macro_f1"] > 0.7
    wrong = RUN.invoke(app, [*args, "--heads", "mood"])
    assert wrong.exit_code == 2 and "unknown mood" in wrong.output
