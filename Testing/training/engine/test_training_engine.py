"""What every training rests on: the running average, checkpoints, resuming, early stopping, several processes."""

from __future__ import annotations

import json
import math
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from LesionReadingLib.errors import InputError
from places import ROOT
from safetensors.torch import load_file
from torch import nn

from training.__main__ import main
from training.engine import checkpoint, distributed
from training.engine.checkpoint import averaged_weights, best_of, halved, read_facts
from training.engine.loop import run
from training.engine.options import Budget, TrainingOptions
from training.engine.randomness import epoch_numbers, step_random
from training.engine.tracking import read_table
from training.engine.training import Training, Validation

CPU = torch.device("cpu")
TINY = ("width=4", "stages=[[1.0, 64]]", "batch=4", "validate_every=4", "precision=float32")


class OneWeight(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([value]))
        self.register_buffer("seen", torch.tensor([value]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.weight * images


class Square(nn.Module):
    """The square of the weight is the loss."""

    def __init__(self, value: float = 5.0) -> None:
        super().__init__()
        self.network = OneWeight(value)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (self.network(images) ** 2).mean()


class Ones:
    """Batches of ones; the validation of turn N has the N-th of some scores."""

    def __init__(self, training: Training, scores: list[float]) -> None:
        self.training, self.scores, self.seen = training, scores, []

    def batch(self, step: int) -> tuple[torch.Tensor, ...]:
        return (torch.ones(2),)

    def prepare(self, batch: tuple[torch.Tensor, ...], step: int, done: float) -> tuple[torch.Tensor, ...]:
        return batch

    def validate(self, network: nn.Module) -> Validation:
        self.seen.append(network.module.weight.item())
        return Validation(self.scores[len(self.seen) - 1], "")


def averages(values: list[float], options: TrainingOptions) -> list[float]:
    """The running average after each of these values of the weight, the first of which it begins with."""
    training = Training(Square(values[0]), options, CPU)
    found = []
    for value in values:
        with torch.no_grad():
            training.network.weight.fill_(value)
            training.network.seen.fill_(value)
        training.average.update_parameters(training.network)
        found.append(training.average.module.weight.item())
        assert training.average.module.seen.item() == pytest.approx(found[-1])
    return found


def test_the_average_warms_up_so_that_the_first_weights_are_soon_forgotten():
    """The decay is (1 + n) / (10 + n) at the n-th update until that reaches the option's own, as in TensorFlow's average."""
    expected, average = [], 1.0
    for count in range(100):
        if count:  # the first update copies
            decay = min(0.998, (1 + count) / (10 + count))
            average = decay * average
        expected.append(average)
    found = averages([1.0] + [0.0] * 99, TrainingOptions(average=0.998))
    assert found == pytest.approx(expected, abs=1e-6)
    assert found[99] < 1e-3  # without the warm-up 0.82 of the random first weights would still be there


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.0])
def test_after_the_warm_up_the_decay_is_the_options(decay):
    found = averages([0.0] * 200 + [1.0] * 5, TrainingOptions(average=decay))
    assert found[-5:] == pytest.approx([1 - decay**number for number in range(1, 6)], abs=1e-5)


def test_what_a_checkpoint_gives_is_the_average_and_not_the_last_step(tmp_path):
    training = Training(Square(), TrainingOptions(rate=0.5), CPU)
    for _ in range(30):
        training.learn((torch.ones(1),), 0.5)
    training.save(tmp_path / "checkpoint.safetensors")
    kept = float(averaged_weights(tmp_path / "checkpoint.safetensors")["weight"])
    assert kept == pytest.approx(training.average.module.weight.item())
    assert abs(kept - training.network.weight.item()) > 1e-3


def test_a_budget_ends_with_what_comes_first():
    both = Budget(minutes=2, steps=100)
    assert both.done(60, 20) == pytest.approx(0.5) and both.done(12, 80) == pytest.approx(0.8)
    assert Budget(steps=10).done(1e9, 5) == pytest.approx(0.5) and Budget(minutes=1).done(60, 10**9) == pytest.approx(1)


def test_epochs_are_counted_in_steps():
    assert Budget(epochs=259).in_steps(4431, 6).steps == np.ceil(259 * 4431 / 6)
    assert Budget(steps=100, epochs=2).in_steps(10, 5).steps == 4


def test_a_training_keeps_the_average_that_validated_best(tmp_path):
    training = Training(Square(), TrainingOptions(rate=0.5, average=0.0, validate_every=4), CPU)
    task, file = Ones(training, [0.0, 1.0, 0.5]), tmp_path / "checkpoint.safetensors"
    run(training, task, Budget(steps=12), file, lambda line: None)
    assert training.step_count == 12 and len(task.seen) == 3 and task.seen[1] != pytest.approx(task.seen[2], rel=1e-2)
    assert float(averaged_weights(best_of(file))["weight"]) == pytest.approx(task.seen[1], rel=1e-3)
    assert float(averaged_weights(file)["weight"]) == pytest.approx(task.seen[2], rel=1e-6)
    assert best_of(file).stat().st_size < file.stat().st_size
    rows = read_table(tmp_path / "checkpoint.csv")
    assert [row["score"] for row in rows if row["score"]] == ["0.0", "1.0", "0.5"]
    assert any((tmp_path / "tensorboard/checkpoint").iterdir())


def test_a_training_ends_when_nothing_gets_better(tmp_path):
    training, lines = Training(Square(), TrainingOptions(validate_every=2, patience=2), CPU), []
    run(training, Ones(training, [0.5, 0.6, 0.6, 0.1, 0.9]), Budget(steps=100), tmp_path / "one.safetensors", lines.append)
    assert training.step_count == 8 and "nothing got better in 2 validations" in lines[-1]
    again = Training(Square(), TrainingOptions(validate_every=2, patience=2), CPU)
    again.resume(tmp_path / "one.safetensors")
    run(again, Ones(again, []), Budget(steps=100), tmp_path / "one.safetensors", lines.append)
    assert again.step_count == 8 and "nothing left" in lines[-1]


def test_only_validations_in_a_row_without_a_better_score_end_a_training(tmp_path):
    training = Training(Square(), TrainingOptions(validate_every=2, patience=2), CPU)
    run(training, Ones(training, [0.5, 0.4, 0.6, 0.5, 0.3, 0.9]), Budget(steps=100), tmp_path / "one.safetensors", [].append)
    assert training.step_count == 10


def test_statistics_of_batch_norms_keep_their_precision():
    made = halved({"norm.running_var": torch.tensor([1e-7]), "weight": torch.tensor([0.1]), "seen": torch.tensor([3])})
    assert [value.dtype for value in made.values()] == [torch.float32, torch.float16, torch.int64]


def test_every_picture_comes_once_before_any_comes_again():
    seen = np.concatenate([epoch_numbers(10, 4, 3, step) for step in range(5)])
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10)) and seen[:10].tolist() != seen[10:].tolist()


def chances(step: int, batch: int) -> torch.Tensor:
    """All kinds of numbers that the pictures of a step draw, one after another, (pictures, 10)."""
    random = step_random(CPU, 0, step, batch)
    return torch.cat([random.rand(1), random.randn(2, 4).flatten(1), random.rand()[:, None]], dim=1)


def test_pictures_of_a_step_have_the_same_chances_whoever_augments_them(monkeypatch):
    for batch in (6, 16):
        alone = chances(7, batch)
        monkeypatch.setattr(distributed, "count", lambda: 2)
        parts = []
        for rank in range(2):
            monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
            parts.append(chances(7, batch))
        monkeypatch.undo()
        assert torch.equal(torch.cat(parts), alone) and len(alone.unique()) == alone.numel() == 10 * batch
        assert not torch.equal(chances(8, batch), alone)


def test_a_training_whose_gradients_are_not_finite_ends_before_they_are_kept(tmp_path):
    training = Training(Square(), TrainingOptions(batch=1), CPU)
    training.learn((torch.ones(1),), 0.5)
    training.save(tmp_path / "checkpoint.safetensors")
    training.learn((torch.full((1,), math.inf),), 0.5)
    for next_step in (lambda: training.save(tmp_path / "checkpoint.safetensors"), lambda: training.learn((torch.ones(1),), 0.5)):
        with pytest.raises(RuntimeError, match="gradients of step 2 were not finite"):
            next_step()
    assert read_facts(tmp_path / "checkpoint.safetensors")["step"] == 1


def test_a_batch_that_cannot_be_dealt_evenly_is_refused(monkeypatch):
    monkeypatch.setattr(distributed, "count", lambda: 4)
    with pytest.raises(InputError, match=r"batch of 6 .* multiple of 4"):
        distributed.share(6)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    training = Training(Square(), TrainingOptions(), CPU)
    training.learn((torch.ones(1),), 0.5)
    training.save(tmp_path / "one.safetensors")
    other = Square()
    other.network = nn.Linear(3, 2)
    with pytest.raises(InputError, match="another network"):
        Training(other, TrainingOptions(), CPU).resume(tmp_path / "one.safetensors")


def test_something_else_in_a_checkpoints_place_is_refused(tmp_path):
    (tmp_path / "one.safetensors").write_bytes(b"no such thing")
    with pytest.raises(InputError, match="no checkpoint"):
        read_facts(tmp_path / "one.safetensors")


def test_a_disk_that_is_full_leaves_the_checkpoint_before(tmp_path):
    """A real limit to the size of files, in a process of its own: the second checkpoint does not fit."""
    code = f"""
import resource, sys, torch
sys.path[:0] = {sys.path!r}
from LesionReadingLib.errors import InputError
from pathlib import Path
from training.engine.checkpoint import write_tensors
file = Path({str(tmp_path)!r}) / "one.safetensors"
write_tensors(file, {{"a": torch.ones(100)}}, {{}})
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_tensors(file, {{"a": torch.zeros(100_000)}}, {{}})
except InputError as error:
    print(error)
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120).stdout
    assert "checkpoint before it is whole" in printed and printed.count("\n") == 1
    assert torch.equal(load_file(tmp_path / "one.safetensors")["a"], torch.ones(100))
    assert [each.name for each in tmp_path.iterdir()] == ["one.safetensors"]


def test_a_place_that_takes_no_checkpoint_is_left_without_a_part_of_one(tmp_path):
    """The whole file is there, and cannot be moved: its place is a folder."""
    (tmp_path / "one.safetensors").mkdir()
    with pytest.raises(InputError, match=r"could not be written.*there is none before it"):
        checkpoint.write_tensors(tmp_path / "one.safetensors", {"a": torch.ones(9)}, {})
    assert [each.name for each in tmp_path.iterdir()] == ["one.safetensors"]


def test_a_checkpoint_that_cannot_be_written_ends_the_training_in_one_sentence(tmp_path, monkeypatch, capfd):
    def full(*given):
        raise InputError("The checkpoint could not be written.")

    monkeypatch.setattr("training.engine.training.write_tensors", full)
    training = Training(Square(), TrainingOptions(validate_every=9), CPU)
    with pytest.raises(InputError, match="could not be written"):
        run(training, Ones(training, [0.5]), Budget(steps=2), tmp_path / "one.safetensors", lambda line: None)
    assert "terminating" not in capfd.readouterr().err


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Three phantom patients of two frames each; 1010 is for validation."""
    folder = tmp_path_factory.mktemp("data")
    arguments = "--patients 3 --first-seed 1009 --keep-frames 2 --pullback-frames 20 --frame-spacing 1 --processes 1"
    assert main(["oct", "make-data", str(folder), *arguments.split()]) == 0
    return folder


def tiny_training(data: Path, folder: Path, *more: str, steps: int = 12) -> list[str]:
    return ["oct", "train", str(data), str(folder), "--steps", str(steps), "--preset", "cpu", "--device", "cpu", *TINY, *more]


def training_process(data: Path, folder: Path, *more: str, parallel: int = 0, steps: int = 12) -> subprocess.Popen:
    before = ["--parallel", str(parallel)] if parallel else []
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-m", "training", *before, *tiny_training(data, folder, *more, steps=steps)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen, status: int = 0) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == status, out + err
    return out + err


@pytest.fixture(scope="module")
def run_through(data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("through")
    assert main(tiny_training(data, folder)) == 0
    return folder


def wait_for_step(folder: Path, step: int, process: subprocess.Popen) -> None:
    file, until = folder / "checkpoint.safetensors", time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        if file.exists() and read_facts(file)["step"] >= step:
            return
        time.sleep(0.01)
    raise AssertionError(process.communicate())


def test_a_training_killed_in_the_middle_gives_the_same_weights_to_the_bit(data, run_through, tmp_path, capsys):
    process = training_process(data, tmp_path, "checkpoint_seconds=0", "workers=1")
    wait_for_step(tmp_path, 5, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    step = read_facts(tmp_path / "checkpoint.safetensors")["step"]
    assert 5 <= step < 12
    assert main(tiny_training(data, tmp_path)) == 0
    assert f"resumed at step {step}" in "".join(capsys.readouterr())
    once, again = (load_file(folder / "checkpoint.safetensors") for folder in (run_through, tmp_path))
    assert once.keys() == again.keys() and any(name.startswith("optimizer.") for name in once)
    assert all(torch.equal(value, again[name]) for name, value in once.items())
    best = [load_file(folder / "checkpoint-best.safetensors") for folder in (run_through, tmp_path)]
    assert all(torch.equal(value, best[1][name]) for name, value in best[0].items())
    assert [row["step"] for row in read_table(tmp_path / "checkpoint.csv")] == [
        row["step"] for row in read_table(run_through / "checkpoint.csv")
    ]


def test_what_an_optimiser_remembers_lies_in_memory_as_its_weights_after_resuming(tmp_path):
    class Loss(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = nn.Conv2d(4, 6, 3)

        def forward(self, images):
            return self.network(images).square().mean()

    training, again = (Training(Loss(), TrainingOptions(batch=1), CPU) for _ in range(2))
    training.learn((torch.rand(1, 4, 8, 8),), 0.5)
    training.save(tmp_path / "checkpoint.safetensors")
    again.resume(tmp_path / "checkpoint.safetensors")
    weight = again.network.weight
    assert weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
    for name in ("exp_avg", "exp_avg_sq"):
        moments, before = (one.optimizer.state[one.network.weight][name] for one in (again, training))
        assert torch.equal(moments, before) and moments.stride() == weight.stride()


IN_PROCESSES = """
import sys, torch
sys.path[:0] = {path!r}
from torch import nn
from torch.nn.functional import one_hot
from training.engine.distributed import joined_processes, rank, share, whole
from training.engine.training import Training
from training.engine.options import TrainingOptions

class Loss(nn.Module):
    def __init__(self):
        super().__init__()
        layers = nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout2d(0.3), nn.Conv2d(8, 3, 1), nn.Dropout(0.1)
        self.network = nn.Sequential(*layers)

    def forward(self, images, targets):  # Dice of the whole batch, which is not the mean of its parts' Dice
        shares, true = whole(self.network(images)).softmax(1), one_hot(whole(targets), 3).movedim(-1, 1)
        return 1 - (2 * (shares * true).sum((0, 2, 3)) / (shares + true).sum((0, 2, 3))).mean()

with joined_processes(torch.device("cpu")) as device:
    torch.manual_seed(0)
    training = Training(Loss().double(), TrainingOptions(batch=8, rate=0.05), device)
    images, targets = torch.rand(10, 8, 1, 9, 9, dtype=torch.float64), torch.randint(0, 3, (10, 8, 7, 7))
    losses = [training.learn((x[share(8)], y[share(8)]), 0.5).item() for x, y in zip(images, targets)]
    if rank() == 0:
        print("losses", *losses, sum(buffer.double().sum().item() for buffer in training.network.buffers()))
"""


def losses_in(printed: str) -> list[float]:
    (line,) = [line for line in printed.splitlines() if line.startswith("losses")]
    return [float(value) for value in line.split()[1:]]


def test_two_processes_have_the_loss_of_one(tmp_path, capsys, monkeypatch):
    """To nine digits, in double precision: batch norms, dropout and a loss over the whole batch included."""
    file = tmp_path / "losses.py"
    file.write_text(IN_PROCESSES.format(path=sys.path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    runpy.run_path(str(file))
    one = losses_in(capsys.readouterr().out)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", str(file)]
    two = losses_in(subprocess.run(torchrun, capture_output=True, text=True, timeout=240).stdout)
    assert two == pytest.approx(one, rel=1e-9) and one[9] < one[0]


def test_a_real_training_runs_in_two_processes(data, run_through, tmp_path):
    ended(training_process(data, tmp_path, parallel=2))
    one, two = (read_table(folder / "checkpoint.csv") for folder in (run_through, tmp_path))
    assert [row["step"] for row in one] == [row["step"] for row in two]
    assert float(two[0]["loss"]) == pytest.approx(float(one[0]["loss"]), rel=0.01)  # Adam magnifies float32's rounding
    assert json.loads((tmp_path / "learnt.json").read_text()) == [1009, 1011]


def test_a_process_that_dies_ends_the_others_and_is_named(data, tmp_path):
    process = training_process(data, tmp_path, "checkpoint_seconds=0", parallel=2, steps=4000)
    wait_for_step(tmp_path, 2, process)
    children = [pid for pid in children_of(process.pid) if environment_of(pid).get("RANK") == "1"]
    os.kill(children[0], signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "Process 1 of 2 was ended by SIGKILL" in err.splitlines()[-1]
    assert not any(Path(f"/proc/{pid}").exists() for pid in children_of(process.pid))


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found


def environment_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def test_the_module_of_checkpoints_pickles_nothing():
    source = Path(checkpoint.__file__).read_text()
    assert "torch.save" not in source and "torch.load(" not in source and "import pickle" not in source
