"""From phantom patients to a bundle: drawn, learnt, stopped, resumed, and used on a pullback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from LesionReadingLib.errors import Cancelled, InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from OCTCalciumLib.labels import TASK
from OCTCalciumLib.measurement.pullback import measure_frame
from OCTCalciumLib.model.inference import NETWORKS, segment
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumLib.reading.pullback import Pullback
from safetensors.torch import save_file

from training.__main__ import main
from training.engine.options import Budget
from training.engine.randomness import PictureRandom
from training.oct.augment import augmented_batch
from training.oct.bundle import bundle_of_training
from training.oct.data import Patient, is_validation, load_patients
from training.oct.offsets import judge_offsets
from training.oct.train import CHECKPOINT, FrameTask, Recipe, encoder_weights, new_training, resume, train

CPU = torch.device("cpu")
TINY = Recipe(width=4, batch=4, rate=0.003, stages=((1.0, 96),))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Three phantom patients of two frames each; 1010 is for validation, the others are learnt from."""
    folder = tmp_path_factory.mktemp("data")
    arguments = "--patients 3 --first-seed 1009 --keep-frames 2 --pullback-frames 20 --frame-spacing 1 --processes 1"
    assert main(["oct", "make-data", str(folder), *arguments.split()]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> tuple[Path, list[float]]:
    """A training folder after thirty steps, and the loss of each."""
    folder = tmp_path_factory.mktemp("training")
    training, task = new_training(TINY, CPU), FrameTask(load_patients(data), TINY, CPU)
    losses = [float(training.learn(task.prepare(task.batch(step), step, 0.1), 0.1)) for step in range(30)]
    training.save(folder / CHECKPOINT)
    return folder, losses


def test_drawn_patients_are_those_of_the_phantom(data):
    patient = load_patients(data)[0]
    assert patient.number == 1009 and patient.pixels.shape == (2, 2, 512, 512)
    whole = draw_pullback(1009, 20, 512, frame_mm=1.0)
    frames = [index for index in range(20) if np.array_equal(whole.labels[index], patient.pixels[1, 0])]
    assert len(frames) == 1 and np.array_equal(whole.frames[frames[0]], patient.pixels[0, 0])
    assert patient.spacing_mm == (whole.spacing.row_mm, whole.spacing.column_mm, 1.0)


def test_patients_and_not_frames_are_split(data):
    assert [is_validation(patient) for patient in load_patients(data)] == [False, True, False]


def test_a_folder_without_patients_is_refused_in_one_line(tmp_path, capsys):
    assert main(["oct", "train", str(tmp_path), str(tmp_path / "run"), "--minutes", "0.01"]) == 2
    assert "make-data" in capsys.readouterr().err


def test_thirty_steps_lower_the_loss(trained):
    losses = trained[1]
    assert np.mean(losses[-5:]) < 0.85 * np.mean(losses[:5])


def test_a_resumed_training_is_where_it_was(trained):
    random = torch.Generator().manual_seed(1)
    batch = torch.rand(2, 1, 128, 128, generator=random), torch.randint(0, 4, (2, 1, 64, 64), generator=random)
    once, twice, forgetful = (resume(trained[0], CPU) for _ in range(3))
    assert twice.step_count == 30 and twice.options == TINY
    assert twice.learn(batch, 0.5) == once.learn(batch, 0.5)
    for name, value in once.network.state_dict().items():
        assert torch.equal(value, twice.network.state_dict()[name]), name
    forgetful.optimizer.state.clear()
    forgetful.learn(batch, 0.5)
    assert not torch.equal(forgetful.network.classifier.weight, once.network.classifier.weight)


def test_training_stops_in_time_and_its_log_tells_the_overlap(data, tmp_path):
    lines = []
    train(data, tmp_path, TINY, Budget(minutes=0.02), CPU, log=lines.append)
    assert (tmp_path / CHECKPOINT).exists()
    assert lines[-1].count("calcium") == 1 and lines[-1].count("lumen") == 1
    train(data, tmp_path, TINY, Budget(minutes=0.02), CPU, log=lines.append)
    assert any("resumed" in line for line in lines) and "nothing left" in lines[-1]


def test_a_training_gives_a_bundle_that_segments_a_pullback(trained, tmp_path):
    bundle_of_training(trained[0], tmp_path / "mine", "two phantom patients", "licence")
    bundle = find_bundle(tmp_path / "mine", TASK)
    assert bundle.network_arguments == {"classes": 4, "width": 4}
    reported: list[tuple[int, int]] = []
    labels = segment(pullback_of(5), bundle, "cpu", lambda done, total: reported.append((done, total))).labels
    assert labels.shape == (5, 90, 120) and labels.dtype == np.uint8 and labels.max() <= 3
    assert reported == [(done, 5) for done in range(1, 6)]


def test_a_calcium_offset_moves_the_score_of_calcium_alone_by_so_much(trained, tmp_path):
    plain, moved = (
        load_network(bundle_of_training(trained[0], tmp_path / f"{offset}", "phantoms", "licence", offset), NETWORKS)
        for offset in (0.0, 1.5)
    )
    image = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        difference = (moved(image) - plain(image)).numpy()
    np.testing.assert_allclose(difference[:, 1], 1.5, atol=1e-4)
    np.testing.assert_allclose(difference[:, [0, 2, 3]], 0, atol=1e-4)


def test_a_larger_offset_finds_the_calcium_that_a_shy_network_misses():
    """The network scores true calcium 0.75 below background, so an offset of 1 finds it all and 0.5 none."""
    truth = np.zeros((2, 128, 128), np.uint8)
    truth[0, 20:60, 20:100] = 1
    shy = ShyNetwork()
    patient = Patient(7, np.stack([truth * 200, truth]), (0.02, 0.02, 0.2))
    missed, found = judge_offsets(shy, [patient], 1, (0.5, 1.0))
    assert (missed.iou, found.iou) == (0, 1)
    assert missed.arc_bias_deg == pytest.approx(-measure_frame(truth[0], Spacing(0.02, 0.02, 0.2), 0).arc_bridged_deg)
    assert found.arc_bias_deg == 0


class ShyNetwork(torch.nn.Module):
    def forward(self, images):
        shape = (len(images), 4, *images.shape[-2:])
        scores = torch.full(shape, -9.0)
        scores[:, 0] = 0
        scores[:, 1] = torch.where(images[:, 0] > 0.5, -0.75, -9.0)
        return scores


def test_cancelling_a_segmentation_ends_it(trained, tmp_path):
    bundle = bundle_of_training(trained[0], tmp_path / "mine", "two phantom patients", "licence")

    def cancel(done: int, total: int) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        segment(pullback_of(30), bundle, "cpu", cancel)


def pullback_of(frame_count: int) -> Pullback:
    frames = np.random.default_rng(2).integers(0, 256, (frame_count, 90, 120)).astype(np.uint8)
    return Pullback(even_grid((frame_count, 90, 120), Spacing(None, None, None)), read=lambda first, stop: iter(frames[first:stop]))


def test_weights_that_fit_are_taken_to_begin_with(tmp_path):
    training = new_training(TINY, CPU)
    given = torch.full_like(training.network.encoder.conv1.weight, 0.25)
    tensors = {"encoder.conv1.weight": given, "encoder.bn1.weight": torch.ones(99), "fc.weight": torch.ones(3)}
    save_file(tensors, tmp_path / "weights.safetensors")
    assert training.begin_with(encoder_weights(tmp_path / "weights.safetensors"), "mine") == 1
    assert torch.equal(training.network.encoder.conv1.weight, given) and "mine" in training.began_with
    assert torch.equal(training.average.module.encoder.conv1.weight, given)


def test_a_resnet50_of_imagenet_fills_the_encoder_its_colours_summed(tmp_path):
    """Under torchvision's names: the network's own encoder with three colours each a third as strong is that network again."""
    full = Recipe(width=64, stages=((1.0, 64),))
    training = new_training(full, CPU)
    tensors = {name: (tensor + 1).contiguous() for name, tensor in training.network.encoder.state_dict().items()}
    tensors["conv1.weight"] = tensors["conv1.weight"].repeat(1, 3, 1, 1) / 3
    assert tensors["conv1.weight"].shape == (64, 3, 7, 7) and "layer3.5.conv3.weight" in tensors
    save_file({**tensors, "fc.weight": torch.ones(1000, 2048)}, tmp_path / "resnet50.safetensors")
    assert training.begin_with(encoder_weights(tmp_path / "resnet50.safetensors"), "resnet50") == len(tensors)
    other = new_training(full, CPU).network.encoder.state_dict()
    for name, tensor in training.network.encoder.state_dict().items():
        assert torch.allclose(tensor, (other[name] + 1).to(tensor.dtype), atol=1e-6), name


def test_the_learning_rate_rises_then_falls_below_a_fiftieth():
    rates = [Recipe().rate_at(done) for done in np.linspace(0, 1, 101)]
    assert max(rates) > 0.95 * Recipe().rate and rates[0] < 0.1 * max(rates) and rates[-1] < 0.02 * max(rates)


def test_the_last_views_are_whole_frames():
    recipe = Recipe()
    assert recipe.window(0.0) < recipe.window(0.99) == recipe.window(1.0) == 512


def test_augmentation_moves_labels_with_their_frames():
    rows, columns = np.mgrid[:512, :512]
    disc = (rows - 200) ** 2 + (columns - 290) ** 2 < 120**2
    squares = torch.from_numpy(np.where(disc, 180, 60).astype(np.uint8)).repeat(16, 1, 1)
    labels = torch.from_numpy(disc.astype(np.uint8) * 3).repeat(16, 1, 1)
    images, targets = augmented_batch(squares, labels, 256, PictureRandom(CPU, 3, 16))
    assert images.shape == (16, 1, 256, 256) and targets.shape == (16, 1, 128, 128)
    assert images.min() >= 0 and images.max() <= 1
    assert set(targets.unique().tolist()) == {0.0, 3.0}
    seen = torch.nn.functional.avg_pool2d(images, 2)[:, 0]
    overlaps = []
    for image, target in zip(seen, targets[:, 0] == 3, strict=True):
        bright = image > (image[target].median() + image[~target].median()) / 2
        overlaps.append(float(2 * (bright & target).sum() / (bright.sum() + target.sum())))
    assert np.median(overlaps) > 0.95 and min(overlaps) > 0.7  # uneven brightness and noise blur some of the borders
    assert len({round(float(target.float().mean()), 3) for target in targets}) > 8


def test_no_augmentation_is_drawn_twice():
    squares = torch.full((2, 64, 64), 100, dtype=torch.uint8)
    random = PictureRandom(CPU, 0, 2)
    first, second = (augmented_batch(squares, squares, 64, random)[0] for _ in range(2))
    assert not torch.equal(first, second)


def test_random_batches_pair_frames_with_their_own_labels():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 12, 1, 1)
    task = FrameTask([Patient(1, pixels, (1, 1, 1))] * 2, Recipe(batch=50), CPU)
    squares, labels, _ = task.batch(0)
    assert torch.equal(labels, squares + 12) and len(squares.unique()) > 8
    assert torch.equal(task.batch(3)[0], task.batch(3)[0]) and not torch.equal(task.batch(3)[0], squares)


def test_a_training_without_checkpoint_gives_no_bundle(tmp_path):
    with pytest.raises(InputError, match="train first"):
        bundle_of_training(tmp_path, tmp_path / "bundle", "", "")
