"""Bundles from strangers: what is sound is taken, anything else is refused in one sentence before it is opened."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import METADATA, WEIGHTS, described_bundle, find_bundle, load_bundle, write_bundle
from safetensors.numpy import save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weights = save({"weight": np.arange(6, dtype=np.float32)})
    metadata = {"version": "1.2.3", "intended_use": "tests"}
    write_bundle(
        tmp_path / "mine",
        "a-task",
        network_class="Line",
        network_arguments={"width": 3},
        weights=weights,
        metadata=metadata,
        card="# card",
        licence="licence text",
    )
    return tmp_path / "mine"


def change_metadata(folder: Path, **own) -> None:
    metadata = json.loads((folder / METADATA).read_text())
    metadata["lesion_reading"] |= own
    (folder / METADATA).write_text(json.dumps(metadata))


def refusal(folder: Path, task: str = "a-task") -> str:
    with pytest.raises(InputError) as caught:
        find_bundle(folder, task)
    message = str(caught.value)
    assert "\n" not in message and str(folder) in message
    return message


def test_a_written_bundle_is_found_by_its_folder(folder):
    bundle = find_bundle(str(folder), "a-task")
    assert (bundle.name, bundle.network_class, bundle.network_arguments) == ("mine", "Line", {"width": 3})
    assert (folder / "docs/README.md").read_text() == "# card"
    assert (folder / "LICENSE").read_text() == "licence text"


def test_the_summary_tells_version_and_intended_use(folder):
    summary = load_bundle(folder, "a-task").summary()
    assert summary["version"] == "1.2.3" and summary["intended_use"] == "tests" and summary["name"] == "mine"
    assert summary["weights_sha256"] == hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def test_a_trailing_slash_or_a_dot_does_not_hide_the_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert find_bundle(".", "a-task").name == "mine"


def test_a_name_that_nobody_ships_is_refused_and_says_so():
    with pytest.raises(InputError, match="There is no model no_such_model"):
        find_bundle("no_such_model", "a-task")


def test_a_file_in_place_of_a_folder_is_refused(folder):
    assert "not a bundle" in refusal(folder / WEIGHTS)


def test_a_bundle_for_another_task_is_refused(folder):
    assert "made for the task a-task" in refusal(folder, task="another-task")


def test_a_folder_without_metadata_is_refused(folder):
    (folder / METADATA).unlink()
    assert "metadata.json" in refusal(folder)


@pytest.mark.parametrize("text", ["{", "[]", "null", "{}", '{"lesion_reading": 3}', '{"lesion_reading": {"task": "a-task"}}'])
def test_metadata_that_say_nothing_usable_are_refused(folder, text):
    (folder / METADATA).write_text(text)
    assert "metadata.json" in refusal(folder)


@pytest.mark.parametrize("network", [None, "Line", {"class": "Line"}, {"class": "Line", "arguments": 7}])
def test_a_network_that_is_not_described_is_refused(folder, network):
    change_metadata(folder, network=network)
    assert "lesion_reading" in refusal(folder)


def test_missing_weights_are_refused(folder):
    (folder / WEIGHTS).unlink()
    assert "has no weights" in refusal(folder)


def test_one_altered_bit_of_the_weights_is_refused(folder):
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    assert "altered or damaged" in refusal(folder)


def test_truncated_weights_are_refused(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-4])
    assert "altered or damaged" in refusal(folder)


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt", ".bin"])
def test_pickled_weights_are_refused_and_not_opened(folder, tmp_path, ending):
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).with_suffix(ending).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    assert "pickle" in refusal(folder)
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_called_safetensors_is_refused_even_where_its_checksum_is_right(folder, tmp_path):
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    (folder / WEIGHTS).write_bytes(trap)
    change_metadata(folder, weights_sha256=hashlib.sha256(trap).hexdigest())
    assert "not safetensors" in refusal(folder)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"\x00" * 8, b"\xff" * 64, b"PK\x03\x04" + b"\x00" * 60])
def test_weights_of_another_format_are_refused(folder, content):
    (folder / WEIGHTS).write_bytes(content)
    change_metadata(folder, weights_sha256=hashlib.sha256(content).hexdigest())
    assert "not safetensors" in refusal(folder)


def as_a_pipe(file: Path) -> None:
    os.mkfifo(file)


def as_endless_zeros(file: Path) -> None:
    file.symlink_to("/dev/zero")


def as_a_folder(file: Path) -> None:
    file.mkdir()


def as_a_link_to_nothing(file: Path) -> None:
    file.symlink_to(file.parent / "gone")


@pytest.mark.parametrize("file", [METADATA, WEIGHTS])
@pytest.mark.parametrize("put", [as_a_pipe, as_endless_zeros, as_a_folder, as_a_link_to_nothing])
def test_what_is_no_file_is_refused_and_never_read(folder, file, put):
    (folder / file).unlink()
    put(folder / file)
    assert file.name in refusal(folder)


UNBOUNDED = {
    "not a number": '{"lesion_reading": {"dropout": NaN}}',
    "infinite": '{"lesion_reading": {"dropout": -Infinity}}',
    "beyond a double": '{"lesion_reading": {"dropout": 1e999}}',
    "deeper than Python": "[" * 100_000 + "]" * 100_000,
    "deep": '{"a":' * 40 + "1" + "}" * 40,
    "large": '{"description": "' + "x" * 1_000_001 + '"}',
    "digits": '{"lesion_reading": ' + "9" * 5000 + "}",
    "no text": "\xff\xfe\x00",
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_metadata_beyond_all_bounds_are_refused(folder, name):
    (folder / METADATA).write_text(UNBOUNDED[name], encoding="latin-1")
    assert "metadata.json" in refusal(folder)


def test_a_description_of_a_bundle_does_not_read_its_weights(folder, monkeypatch):
    """A list of models is made at every refresh of a panel; what a run uses is checked by ``load_bundle``."""
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("the weights were hashed"))
    assert described_bundle(folder, "a-task").summary()["name"] == "mine"


def test_weights_with_a_header_of_gigabytes_are_refused_without_reading_it(folder):
    content = (1 << 33).to_bytes(8, "little") + b"{" * 64
    with open(folder / WEIGHTS, "wb") as weights:
        weights.write(content)
        weights.truncate(2 << 33)  # a hole: no such disk is needed
    assert "not safetensors" in refusal(folder)
