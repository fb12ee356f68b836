"""The model in use in a home: the one of the authored corpus, or the one promoted after retraining."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from assets.whole_file import whole_file
from models.discourse.classifier import DiscourseModel, ModelError
from models.discourse.corpus_reading import corpus_files, read_corpus, training_rows
from models.discourse.persistence import ModelFacts, read_facts, read_model, write_model
from models.discourse.training import CODE_VERSION, Trained, train_and_validate
from models.text.ethnonyms import mentions

FOLDER_PREFIX = "discourse"
IN_USE = "in_use.json"


def model_facts(models: Path, seed: int) -> ModelFacts | None:
    """Version and confusion of the model in use, None while there is none."""
    folder = model_folder(models, seed)
    return read_facts(folder) if folder.exists() else None


def model_folder(models: Path, seed: int) -> Path:
    """Where the model in use lies: the promoted one, else that of this corpus, code and seed.

    Raises:
        ModelError: if the promoted model was made by another version of the code.
    """
    chosen = models / IN_USE
    if not chosen.is_file():
        return corpus_model_folder(models, seed)
    said = json.loads(chosen.read_text(encoding="utf-8"))
    if said["code_version"] != CODE_VERSION:
        raise ModelError(
            f"{chosen}: names a model made by another version of the code ({said['code_version']}; here "
            f"{CODE_VERSION}): run `kelisim label retrain`, or delete the file to use the shipped corpus's model"
        )
    return models / said["folder"]


def use_model(models: Path, folder: Path) -> None:
    """Put a model of this code into use."""
    with whole_file(models / IN_USE) as beside:
        beside.write_text(json.dumps({"folder": folder.name, "code_version": CODE_VERSION}), encoding="utf-8")


def corpus_model_folder(models: Path, seed: int) -> Path:
    """Where the model of this corpus, code and seed lies; another corpus has another folder."""
    digest = hashlib.sha256(f"{CODE_VERSION}:{seed}".encode())
    for name, content in corpus_files().items():
        digest.update(name.encode())
        digest.update(content)
    return models / f"{FOLDER_PREFIX}-{digest.hexdigest()[:12]}"


def ensure_model(models: Path, seed: int) -> bool:
    """Fit and save the model if it is not there yet.

    Returns:
        Whether it was fitted by this call.
    """
    folder = model_folder(models, seed)
    if folder.exists():
        return False
    save_model(fitted(seed).model, models, seed)
    return True


def fitted(seed: int) -> Trained:
    """The model of the shipped corpus, and what it says of each message that it had not seen."""
    rows = training_rows(read_corpus())
    return train_and_validate(rows, mentions(rows["message_id"], rows["text"]), seed)


def save_model(model: DiscourseModel, models: Path, seed: int) -> None:
    """Keep a model of the shipped corpus where `load_model` looks for it."""
    models.mkdir(parents=True, exist_ok=True)
    facts = {"data": "authored corpus", "rows": len(training_rows(read_corpus())), "seed": seed}
    write_model(model, corpus_model_folder(models, seed), facts)


def load_model(models: Path, seed: int) -> DiscourseModel:
    """The model in use; it is fitted if a run starts in the middle of the graph."""
    ensure_model(models, seed)
    return _loaded(model_folder(models, seed))


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> DiscourseModel:
    return read_model(folder)
