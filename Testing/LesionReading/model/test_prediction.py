"""Streamed prediction: order, batches, memory, errors and cancelling."""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from LesionReadingLib.errors import Cancelled, InputError
from LesionReadingLib.model.prediction import SMALLER_BATCHES, Predictor, Stream, best_class, choose_device
from torch import nn

CPU = torch.device("cpu")


class Thresholds(nn.Module):
    """Class 0 up to grey 99, class 1 up to 199, class 2 above; its largest batches can be made to fail."""

    def __init__(self, largest_batch: int = 10**6, failure: Exception | None = None) -> None:
        super().__init__()
        self.largest_batch, self.failure, self.seen = largest_batch, failure, []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(images))
        if len(images) > self.largest_batch:
            raise self.failure
        return torch.cat([torch.full_like(images, 99.5), images, 2 * images - 199.5], dim=1)


def as_float(frames: torch.Tensor) -> torch.Tensor:
    return frames[:, None].float()


def some_frames(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(5)
    return [random.choice(np.array([10, 150, 250], np.uint8), size=(6, 9)) for _ in range(count)]


def expected(frame: np.ndarray) -> np.ndarray:
    return np.select([frame < 100, frame < 200], [0, 1], 2)


def predicted(frames: Iterable[np.ndarray], network: nn.Module, batch: int, workers: int = 2) -> list[np.ndarray]:
    with Predictor(network, as_float, CPU, batch, workers) as predictor:
        return list(predictor.labels(frames))


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("batch", [1, 3, 8, 50])
def test_frames_come_out_in_order_whatever_the_batch(batch, workers):
    frames = some_frames(17)
    found = predicted(frames, Thresholds(), batch, workers)
    assert len(found) == 17 and all(labels.dtype == np.uint8 for labels in found)
    for frame, labels in zip(frames, found, strict=True):
        np.testing.assert_array_equal(labels, expected(frame))


def test_no_frames_give_no_labels():
    assert predicted([], Thresholds(), 2) == []


def test_warming_up_predicts_once_in_every_worker_and_changes_no_label():
    frames = some_frames(3)
    with Predictor(Thresholds(), as_float, CPU, 2, workers=3) as predictor:
        predictor.warm_up(6, 9)
        found = list(predictor.labels(frames))
    assert sorted(predictor._network.seen) == [1, 2, 2, 2, 2] and predictor.notes == ()
    np.testing.assert_array_equal(found, [expected(frame) for frame in frames])


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("could not create a primitive"),
        RuntimeError("could not create a primitive descriptor for a convolution forward propagation primitive"),
        RuntimeError("std::bad_alloc"),
        MemoryError(),
    ],
)
def test_out_of_memory_falls_back_to_smaller_batches_without_losing_a_frame(failure):
    frames = some_frames(27)
    with Predictor(Thresholds(2, failure), as_float, CPU, batch=8, workers=2) as predictor:
        found = list(predictor.labels(iter(frames)))
        assert predictor.batch == 2 and predictor.notes == (SMALLER_BATCHES,)
        seen = predictor._network.seen
    np.testing.assert_array_equal(found, [expected(frame) for frame in frames])
    assert sorted(set(seen)) == [1, 2, 4, 8] and sum(size <= 2 for size in seen) == 14


def test_out_of_memory_with_one_frame_is_told_in_one_sentence():
    for failure in (MemoryError(), RuntimeError("std::bad_alloc"), RuntimeError("could not create a primitive")):
        with pytest.raises(InputError, match="one frame at a time") as caught:
            predicted(some_frames(4), Thresholds(0, failure), 2)
        assert caught.value.code == "memory" and "\n" not in str(caught.value)


def test_the_size_that_fits_is_kept_for_the_rest_of_the_pullback():
    """Batches that were already under way when memory ran out are done again; none after them is as large."""
    with Predictor(Thresholds(3, MemoryError()), as_float, CPU, batch=12, workers=3) as predictor:
        found = list(predictor.labels(iter(some_frames(100))))
        seen = predictor._network.seen
    np.testing.assert_array_equal(found, [expected(frame) for frame in some_frames(100)])
    last_too_large = max(number for number, size in enumerate(seen) if size > 3)
    assert last_too_large < 10 and sum(size for size in seen if size <= 3) == 100


def test_what_failed_for_lack_of_memory_is_done_again_alone():
    """Memory for one batch at a time: whatever runs beside it takes what it needs."""
    lock, together = threading.Lock(), threading.Barrier(2)
    running, calls, failed = set(), [], []

    def work(items: list[int]) -> list[int]:
        with lock:
            number = len(calls)
            calls.append(len(items))
            running.add(number)
        if number < 2:
            together.wait(20)
        time.sleep(0.02)
        with lock:
            crowded = len(running) > 1
        if number < 2:
            together.wait(20)
        time.sleep(0.02)
        with lock:
            crowded |= len(running) > 1
            running.discard(number)
        if crowded:
            failed.append(number)
            raise MemoryError
        return [item * item for item in items]

    with Stream(work, CPU, batch=8, workers=2) as stream:
        assert list(stream.results(range(60))) == [item * item for item in range(60)]
        assert stream.batch == 4  # halved once: alone, that is enough
    assert 2 <= len(failed) <= 3  # those that were under way together, and none after them


def no_thread(*_):
    raise RuntimeError("can't start new thread")


def test_where_memory_does_not_suffice_for_a_thread_the_work_is_done_without(monkeypatch):
    monkeypatch.setattr(_thread, "start_new_thread", no_thread)
    with Stream(lambda items: [item * item for item in items], CPU, batch=8, workers=2) as stream:
        stream.begin(1)
        assert list(stream.results(range(60))) == [item * item for item in range(60)]


def test_another_fault_of_the_network_is_not_taken_for_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes do not match"):
        predicted(some_frames(4), Thresholds(0, RuntimeError("shapes do not match")), 2)


REAL_SHORTAGE = """
import resource, sys
import numpy as np, torch
from torch import nn
from LesionReadingLib.model.prediction import Predictor

torch.set_num_threads(1)
prepare = lambda frames: frames[:, None].float()
network = nn.Conv2d(1, 64, 3, padding=1).eval()
frames = [np.full((128, 128), value, np.uint8) for value in range(160)]
with Predictor(network, prepare, torch.device("cpu"), 1, 1) as one_by_one:
    truth = list(one_by_one.labels(iter(frames)))
with Predictor(network, prepare, torch.device("cpu"), 128, 2) as predictor:
    predictor.warm_up(8, 8)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 250_000_000, resource.RLIM_INFINITY))
    found = list(predictor.labels(iter(frames)))
assert all(np.array_equal(a, b) for a, b in zip(truth, found, strict=True))
print(predictor.batch)
"""


def test_a_process_that_really_runs_out_of_memory_goes_on_with_smaller_batches():
    done = subprocess.run([sys.executable, "-c", REAL_SHORTAGE], capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    assert 1 <= int(done.stdout) < 128


def test_asking_for_a_gpu_that_is_not_there_is_refused():
    code = "from LesionReadingLib.model.prediction import choose_device; choose_device('cuda')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment() | {"CUDA_VISIBLE_DEVICES": ""}
    )
    assert done.returncode != 0
    assert "No CUDA GPU was found on this machine; use --device cpu" in done.stderr


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def test_the_processor_can_always_be_chosen():
    assert choose_device("cpu").type == "cpu"


def test_reading_stays_a_few_batches_ahead_however_long_the_pullback():
    read = []

    def frames():
        for number, frame in enumerate(some_frames(60)):
            read.append(number)
            yield frame

    with Predictor(Thresholds(), as_float, CPU, batch=4, workers=2) as predictor:
        for done, _ in enumerate(predictor.labels(frames()), start=1):
            assert len(read) <= done + 4 * 3


def test_what_reading_raises_comes_out():
    def frames():
        yield from some_frames(5)
        raise InputError("Frame 6 is damaged.")

    with pytest.raises(InputError, match="Frame 6 is damaged"):
        predicted(frames(), Thresholds(), 2)


def test_cancelling_leaves_no_thread_behind_and_stops_reading():
    before = _thread._count()
    read = []

    def frames():
        for frame in some_frames(100):
            read.append(1)
            yield frame

    with pytest.raises(Cancelled), Predictor(Thresholds(), as_float, CPU, batch=2, workers=2) as predictor:
        for done, _ in enumerate(predictor.labels(frames())):
            if done == 3:
                raise Cancelled
    assert _thread._count() == before
    assert len(read) <= 10


def test_the_best_class_is_argmax_also_where_scores_are_equal():
    scores = torch.randint(0, 3, (2, 4, 30, 31), generator=torch.Generator().manual_seed(1)).float()
    np.testing.assert_array_equal(best_class(scores.numpy()), scores.numpy().argmax(axis=1))


class Scores(nn.Module):
    """Good scores everywhere but in one pixel of one class."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        scores = torch.cat([images, 2 * images], dim=1)
        scores[-1, 1, 2, 3] = self.value
        return scores


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_one_score_that_is_no_finite_number_ends_the_run(value):
    """Weights may all be finite and yet give this: a negative variance, a product beyond what a number holds."""
    with pytest.raises(InputError, match="no finite numbers"):
        predicted(some_frames(5), Scores(value), 2)
    assert len(predicted(some_frames(5), Scores(7.0), 2)) == 5
