from __future__ import annotations

import json

import polars as pl
import pytest
from skops import io as skops_io

from models.discourse import persistence
from models.discourse.classifier import ModelError
from models.discourse.persistence import MANIFEST, model_files, model_of_files, read_model, write_model
from models.discourse.training import train


@pytest.fixture(scope="module")
def files(small_model):
    return model_files(small_model, {"data": "seed"})


def test_round_trip_labels_the_same(files, small_model, seed_rows, seed_mentions):
    loaded = model_of_files(files)
    some = seed_rows.head(60)
    assert loaded.label(some, seed_mentions).equals(small_model.label(some, seed_mentions))
    assert loaded.stances(some, seed_mentions).equals(small_model.stances(some, seed_mentions))
    assert (loaded.confusion == small_model.confusion).all()


def test_the_same_data_and_seed_give_the_same_model(small_model, some_rows, seed_rows, seed_mentions):
    again = train(some_rows, seed_mentions, seed=1)
    assert again.version == small_model.version
    some = seed_rows.head(50)
    assert again.label(some, seed_mentions).equals(small_model.label(some, seed_mentions))
    assert again.stances(some, seed_mentions).equals(small_model.stances(some, seed_mentions))


def test_other_data_is_another_version(small_model, some_rows, seed_mentions):
    turned = some_rows.with_columns(pl.col("text").str.replace("а", "о"))
    assert train(turned, seed_mentions, seed=1, heads=("discourse",)).version != small_model.version


@pytest.mark.parametrize("name", ["message.skops", "stance.skops"])
def test_an_altered_file_is_refused(files, name):
    broken = dict(files) | {name: files[name][:-1] + b"x"}
    with pytest.raises(ModelError, match=f"{name}: altered"):
        model_of_files(broken)


def test_an_altered_manifest_is_refused(files):
    held = json.loads(files[MANIFEST])
    held["manifest"]["hostile_threshold"] = 0.99
    with pytest.raises(ModelError, match=r"manifest\.json: altered"):
        model_of_files(dict(files) | {MANIFEST: json.dumps(held).encode()})


@pytest.mark.parametrize("change", [{"stance.skops": None}, {"more.skops": b"x"}])
def test_missing_and_stray_files_are_refused(files, change):
    changed = {name: content for name, content in (dict(files) | change).items() if content is not None}
    with pytest.raises(ModelError, match="do not match the manifest"):
        model_of_files(changed)


def test_no_manifest_and_broken_manifest_are_refused(files):
    with pytest.raises(ModelError, match="not a model directory"):
        model_of_files({})
    with pytest.raises(ModelError, match="not readable"):
        model_of_files(dict(files) | {MANIFEST: b"{half"})


def test_a_model_of_another_version_is_refused(small_model, monkeypatch):
    monkeypatch.setattr(persistence, "CODE_VERSION", "0.old")
    old = model_files(small_model)
    monkeypatch.undo()
    with pytest.raises(ModelError, match="another version"):
        model_of_files(old)


class Stranger:
    """A type that no model holds."""


def test_unknown_types_are_refused():
    with pytest.raises(ModelError, match="not trusted"):
        persistence._load(skops_io.dumps({"head": Stranger()}), "x/message.skops")


def test_a_directory_is_replaced_whole_and_other_directories_are_left_alone(tmp_path, small_model):
    place = tmp_path / "model"
    write_model(small_model, place)
    write_model(small_model, place)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model"]
    assert read_model(place).version == small_model.version
    other = tmp_path / "letters"
    other.mkdir()
    (other / "a.txt").write_text("mine")
    with pytest.raises(ModelError, match="not a model directory"):
        write_model(small_model, other)
    assert (other / "a.txt").read_text() == "mine"
    with pytest.raises(ModelError, match="no such model directory"):
        read_model(tmp_path / "nowhere")


def test_only_asked_heads_are_kept(some_rows, seed_mentions):
    small = some_rows.filter(pl.col("targets").list.len() > 0)
    stance_only = model_of_files(model_files(train(small, seed_mentions, heads=("stance",))))
    assert stance_only.head is None
    with pytest.raises(ModelError, match="no discourse head"):
        stance_only.label(small, seed_mentions)
