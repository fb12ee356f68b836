"""A Label Studio project for the codebook: tasks, the labelling form, and annotations out of its export."""

from __future__ import annotations

import json
from xml.etree import ElementTree  # only writes here; nothing from outside is parsed

import polars as pl

from data_contracts.codebook import discourse_codebook
from data_contracts.labelling_form import labelling_form
from data_contracts.reference import ethnic_groups
from models.discourse.adjudication import ANNOTATION_SCHEMA, AnnotationError
from models.discourse.label_selection import TARGETS_SHOWN

NO_GROUP = "-"


def tasks(selection: pl.DataFrame, language: str) -> list[dict]:
    """Label Studio's tasks, one a message; groups are named in the annotator's language.

    Args:
        selection: as `label_selection.worth_labelling` gives it.
        language: kk, ru or en.
    """
    groups = ethnic_groups()
    found = []
    for message_id, text, spoken, codes in selection.select("message_id", "text", "language", "group_codes").rows():
        data: dict[str, str] = {"message_id": message_id, "text": text, "language": spoken}
        for number in range(TARGETS_SHOWN):
            code = codes[number] if number < len(codes) else None
            data[f"group_{number + 1}"] = code or ""
            data[f"group_name_{number + 1}"] = groups[code].name.in_language(language) if code else NO_GROUP
        found.append({"data": data})
    return found


def labelling_config(language: str) -> str:
    """Label Studio's labelling configuration (XML) with the codebook's names and definitions in one language.

    The exported value of every choice is its code, whatever the language of the form.
    """
    book, words = discourse_codebook(), labelling_form()
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value=words.advice.in_language(language), size="6")
    ElementTree.SubElement(view, "Text", name="text", value="$text")
    ElementTree.SubElement(view, "Header", value=words.question.in_language(language), size="5")
    labels = ElementTree.SubElement(view, "Choices", name="discourse", toName="text", choice="single", required="true")
    for label in book.labels:
        _choice(labels, label.code, label.name.in_language(language), label.definition.in_language(language))
    hostile = book.label("hostile").name.in_language(language)
    ElementTree.SubElement(view, "Header", value=words.severity.in_language(language), size="5")
    severity = ElementTree.SubElement(
        view,
        "Choices",
        name="severity",
        toName="text",
        choice="single",
        required="true",
        visibleWhen="choice-selected",
        whenTagName="discourse",
        whenChoiceValue=hostile,
    )
    for grade in book.severities:
        _choice(severity, str(grade.code), grade.name.in_language(language), grade.definition.in_language(language))
    for number in range(1, TARGETS_SHOWN + 1):
        ElementTree.SubElement(view, "Header", value=words.stance.in_language(language), size="6")
        ElementTree.SubElement(view, "Text", name=f"target_{number}", value=f"$group_name_{number}")
        stance = ElementTree.SubElement(
            view, "Choices", name=f"stance_{number}", toName=f"target_{number}", choice="single", showInline="true"
        )
        for grade in book.stances:
            _choice(stance, str(grade.code), grade.name.in_language(language), grade.definition.in_language(language))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode")


def _choice(parent: ElementTree.Element, code: str, name: str, hint: str) -> None:
    ElementTree.SubElement(parent, "Choice", value=name, alias=code, hint=hint)


def annotations_of_export(content: bytes, place: str) -> pl.DataFrame:
    """Annotations out of Label Studio's export in the format JSON.

    Annotators get numbers in order of appearance; their e-mails are not kept. Cancelled annotations are left out.

    Args:
        content: the file.
        place: its name, for messages.

    Returns:
        Columns of `ANNOTATION_SCHEMA`.

    Raises:
        AnnotationError: if the file is not such an export; task and rule are named.
    """
    try:
        exported = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"{place}: not JSON ({type(error).__name__}); export the project as JSON") from error
    if not isinstance(exported, list) or not all(isinstance(task, dict) and "data" in task for task in exported):
        raise AnnotationError(f"{place}: not Label Studio's export: export the project as JSON (not JSON-MIN or CSV)")
    numbers: dict[str, int] = {}
    rows = []
    for position, task in enumerate(exported, start=1):
        where = f"{place}, task {task.get('id', position)}"
        for annotation in task.get("annotations") or []:
            if annotation.get("was_cancelled"):
                continue
            who = annotation.get("completed_by")
            who = str(who.get("id", who.get("email"))) if isinstance(who, dict) else str(who)
            number = numbers.setdefault(who, len(numbers) + 1)
            rows.append(_row(task["data"], annotation.get("result") or [], f"{place}#{number}", where))
    if not rows:
        raise AnnotationError(f"{place}: holds no finished annotation; submit some and export again")
    return pl.DataFrame(rows, schema=ANNOTATION_SCHEMA, orient="row")


def _row(data: dict, result: list[dict], annotator: str, where: str) -> tuple:
    missing = [name for name in ("message_id", "text") if not isinstance(data.get(name), str)]
    if missing:
        raise AnnotationError(f"{where}: no `{missing[0]}` in its data; import tasks that `kelisim label export` wrote")
    said = {one.get("from_name"): _first_choice(one, where) for one in result if one.get("type") == "choices"}
    if "discourse" not in said:
        raise AnnotationError(f"{where}: an annotation without a discourse label; complete it or delete it")
    stances = [
        {"group_code": data[f"group_{number}"], "stance": _whole(said[f"stance_{number}"], where)}
        for number in range(1, TARGETS_SHOWN + 1)
        if f"stance_{number}" in said and data.get(f"group_{number}") in ethnic_groups()
    ]
    severity = _whole(said["severity"], where) if said["discourse"] == "hostile" and "severity" in said else 0
    return data["message_id"], data["text"], annotator, said["discourse"], severity, stances, where


def _first_choice(one: dict, where: str) -> str:
    choices = (one.get("value") or {}).get("choices") or []
    if len(choices) != 1:
        raise AnnotationError(f"{where}: {one.get('from_name')} has {len(choices)} choices, one is expected")
    return str(choices[0])


def _whole(value: str, where: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise AnnotationError(f"{where}: {value!r} is not a number; the form of `label export` gives codes") from None
