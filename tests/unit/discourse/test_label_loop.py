"""Messages out to annotators and their labels back: selection, both forms, agreement, decisions, versions."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import openpyxl
import polars as pl
import pytest

from assets.label_store import LabelStore, is_frozen, rows_for_testing, rows_for_training
from assets.sources.unpacking import FileLimits, open_archive
from assets.sources.workbook import Workbook
from models.discourse.adjudication import (
    ANNOTATION_SCHEMA,
    AnnotationError,
    adjudicate,
    agreement,
    check_annotations,
)
from models.discourse.classifier import LABELS
from models.discourse.label_selection import SelectionRequest, worth_labelling
from models.discourse.label_studio import annotations_of_export, labelling_config, tasks
from models.discourse.label_workbook import annotations_of_rows, workbook

COUNT = 400


@pytest.fixture(scope="module")
def lake() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Messages of which every tenth is a copy, every fourth skipped, every third in doubt."""
    numbers = range(COUNT)
    random = Random(11)
    texts = [" ".join("".join(random.choices("абвгдежзик", k=5)) for _ in range(6)) for _ in numbers]
    messages = pl.DataFrame(
        {
            "message_id": [f"m{number:04d}" for number in numbers],
            "text": [f"=SUM {text}" for text in texts],
            "language": ["kk" if number % 2 else "ru" for number in numbers],
            "duplicate_cluster_id": [f"c{number - (number % 10 == 9):04d}" for number in numbers],
        }
    )
    doubt = [number % 3 == 0 for number in numbers]
    sure = dict.fromkeys(LABELS, 0.01) | {"other": 0.92}
    unsure = dict.fromkeys(LABELS, 1 / 9)
    labels = pl.DataFrame(
        [
            {"message_id": f"m{number:04d}", "is_skipped": number % 4 == 0, "is_abstained": doubt[number]}
            | {f"p_{label}": (unsure if doubt[number] else sure)[label] for label in LABELS}
            for number in numbers
        ]
    )
    mentions = pl.DataFrame(
        {
            "message_id": [f"m{number:04d}" for number in numbers if number % 5 == 0],
            "group_code": ["uzbek" if number % 2 else "german" for number in numbers if number % 5 == 0],
            "is_person": True,
        }
    )
    return messages, labels, mentions


@pytest.fixture(scope="module")
def selection(lake: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    return worth_labelling(*lake, SelectionRequest(60, seed=3))


def test_selection_holds_doubt_and_chance_and_no_copies(
    lake: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], selection: pl.DataFrame
) -> None:
    messages, labels, _ = lake
    assert len(selection) == selection["message_id"].n_unique() == 60
    assert selection.join(messages, on="message_id")["duplicate_cluster_id"].n_unique() == 60
    counts = dict(selection["chosen_because"].value_counts().iter_rows())
    assert counts == {"uncertain": 45, "random": 12, "random_skipped": 3}
    unsure = selection.filter(pl.col("chosen_because") == "uncertain").join(labels, on="message_id")
    assert unsure["is_abstained"].mean() > 0.8 and not unsure["is_skipped"].any()  # pyright: ignore
    assert set(unsure["language"]) == {"kk", "ru"}
    chance = selection.filter(pl.col("chosen_because") == "random")["sampling_probability"].unique().to_list()
    pool = messages.unique("duplicate_cluster_id", keep="first").join(
        labels.filter(~pl.col("is_skipped")), "message_id"
    )
    assert chance == [pytest.approx(12 / len(pool))]
    assert not {"discourse", "hostile_probability"} & set(selection.columns), "annotators must not see the model"


def test_known_messages_are_not_asked_again(
    lake: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], selection: pl.DataFrame
) -> None:
    again = worth_labelling(*lake, SelectionRequest(60, seed=3), selection["message_id"])
    assert not set(again["message_id"]) & set(selection["message_id"])


def test_form_offers_every_code_in_both_languages() -> None:
    for language in ("kk", "ru"):
        form = ElementTree.fromstring(labelling_config(language))
        aliases = [choice.get("alias") for choice in form.iter("Choice")]
        assert aliases[:9] == list(LABELS)
        assert aliases[9:12] == ["1", "2", "3"]
        names = {choice.get("value") for choice in form.iter("Choice")}
        assert form.find("Choices[@name='severity']").get("whenChoiceValue") in names  # pyright: ignore


def label_studio_export(selection: pl.DataFrame, said: dict[int, str]) -> bytes:
    exported = []
    for number, task in enumerate(tasks(selection, "kk")[:20]):
        results = []
        for annotator, label in said.items():
            result = [_choice("discourse", label)]
            if label == "hostile":
                result.append(_choice("severity", "2"))
            if task["data"]["group_1"]:
                result.append(_choice("stance_1", "-1" if label == "hostile" else "0"))
            results.append(
                {"completed_by": {"id": annotator, "email": f"person{annotator}@example.org"}} | {"result": result}
            )
        exported.append({"id": number, "data": task["data"], "annotations": results})
    return json.dumps(exported).encode()


def _choice(name: str, value: str) -> dict:
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [value]}}


def test_label_studio_round_trip_keeps_no_person(selection: pl.DataFrame) -> None:
    found = annotations_of_export(label_studio_export(selection, {7: "hostile", 9: "neutral"}), "export.json")
    assert found.schema == pl.Schema(ANNOTATION_SCHEMA)
    assert len(found) == 40
    assert found["annotator"].unique().sort().to_list() == ["export.json#1", "export.json#2"]
    assert "person7" not in str(found.to_dicts())
    check_annotations(found)
    first = found.row(0, named=True)
    assert (first["discourse"], first["severity"]) == ("hostile", 2)
    named = selection.head(20).filter(pl.col("group_codes").list.len() > 0)
    assert found.filter(pl.col("stances").list.len() > 0)["message_id"].n_unique() == len(named)


def test_workbook_round_trip(selection: pl.DataFrame, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(BytesIO(workbook(selection, "ru")))
    sheet = book.worksheets[0]
    assert sheet["B3"].value.startswith("=SUM") and sheet["B3"].data_type == "s", "a text never becomes a formula"
    sheet["C3"], sheet["D3"] = "hostile - Враждебность", "1 - мягкая"
    sheet["C5"] = "accord - Согласие"
    path = tmp_path / "filled.xlsx"
    book.save(path)
    with open_archive(path, FileLimits()) as archive:
        opened = Workbook(archive)
        found = annotations_of_rows(opened.rows(opened.sheet_names[0]), "workbook-1", path.name)
    assert found.select("message_id", "discourse", "severity").rows() == [
        (selection["message_id"][0], "hostile", 1),
        (selection["message_id"][2], "accord", 0),
    ]


def annotations(*rows: tuple[str, str, str, int]) -> pl.DataFrame:
    full = [
        (
            message,
            f"text {message}",
            who,
            label,
            severity,
            [{"group_code": "uzbek", "stance": -1 if severity else 0}],
            "f",
        )
        for message, who, label, severity in rows
    ]
    return pl.DataFrame(full, schema=ANNOTATION_SCHEMA, orient="row")


def test_decisions_follow_the_rule() -> None:
    given = annotations(
        ("a", "1", "hostile", 3), ("a", "2", "hostile", 1), ("a", "3", "neutral", 0),
        ("b", "1", "accord", 0), ("b", "2", "neutral", 0),
        ("c", "1", "tension", 0),
        ("d", "1", "other", 0), ("d", "2", "other", 0),
    )  # fmt: skip
    decided = adjudicate(given)
    assert decided.decided.select("message_id", "discourse", "severity", "decision").rows() == [
        ("a", "hostile", 1, "majority"),
        ("c", "tension", 0, "single"),
        ("d", "other", 0, "unanimous"),
    ]
    assert decided.open["message_id"].to_list() == ["b"]
    assert decided.decided["stances"][0].to_list() == [{"group_code": "uzbek", "stance": -1}]
    judged = adjudicate(given, "2").decided
    assert judged.filter(pl.col("message_id") == "b").select("discourse", "decision").row(0) == (
        "neutral",
        "adjudicator",
    )
    measured = agreement(given)
    assert measured.filter(pl.col("measure") == "discourse")["unit_count"].item() == 3


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (("a", "1", "hateful", 0), "discourse must be one of"),
        (("a", "1", "hostile", 0), "needs a severity"),
        (("a", "1", "neutral", 2), "only a hostile message"),
    ],
)
def test_wrong_annotations_are_refused(row: tuple[str, str, str, int], rule: str) -> None:
    with pytest.raises(AnnotationError, match=rule):
        check_annotations(annotations(row))
    with pytest.raises(AnnotationError, match="labelled twice"):
        check_annotations(annotations(("a", "1", "neutral", 0), ("a", "1", "other", 0)))


@pytest.mark.parametrize(
    "content", [b"{", b"[" * 100_000, b'{"a": 1}', b'[{"data": {"text": "x"}, "annotations": []}]']
)
def test_broken_exports_are_named(content: bytes) -> None:
    with pytest.raises(AnnotationError, match=r"export\.json"):
        annotations_of_export(content, "export.json")


def test_versions_add_up_and_frozen_rows_stay_out(tmp_path: Path) -> None:
    store = LabelStore(tmp_path)
    assert store.latest() is None
    many = annotations(*((f"m{number}", "1", "neutral" if number % 2 else "other", 0) for number in range(200)))
    store.add(adjudicate(many).decided, {"files": {}})
    changed = annotations(("m1", "1", "hostile", 2), ("new", "1", "accord", 0))
    second = store.add(adjudicate(changed).decided, {"files": {}})
    assert (second.name, second.manifest["rows"]) == ("v0002", 201)
    held = store.latest()
    assert held is not None
    assert dict(held.labels.select("message_id", "discourse").iter_rows())["m1"] == "hostile"
    training, testing = rows_for_training(held.labels), rows_for_testing(held.labels)
    assert len(training) + len(testing) == 201 and 20 < len(testing) < 65
    assert all(is_frozen(message) for message in testing["message_id"])
    (tmp_path / "labels" / "v0002" / "labels.parquet").write_bytes(b"PAR1")
    with pytest.raises(AnnotationError, match="altered"):
        store.latest()
