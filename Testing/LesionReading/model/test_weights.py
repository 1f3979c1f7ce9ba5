"""Weights in bytes with a scale for each channel: small, near to what was learnt, and the same however often they are kept."""

import numpy as np
import pytest
import torch
from LesionReadingLib.model.weights import SCALE, in_bytes, load_weights
from safetensors.torch import save_file


@pytest.fixture
def learnt():
    random = torch.Generator().manual_seed(1)
    layer = torch.randn(32, 16, 3, 3, generator=random) * torch.logspace(-6, 3, 32)[:, None, None, None]
    layer[5] = 0
    return {
        "layer.weight": layer,
        "layer.bias": torch.randn(32, generator=random),
        "norm.running_var": torch.tensor([1e-7, 7e5]),
        "norm.num_batches_tracked": torch.tensor(12),
        "small.weight": torch.randn(1, 24, 1, 1, generator=random),
    }


def kept(tensors, folder):
    save_file(in_bytes(tensors), folder / "model.safetensors")
    return load_weights(folder / "model.safetensors")


def test_every_weight_is_within_half_a_step_of_its_own_channel(learnt, tmp_path):
    found, true = kept(learnt, tmp_path)["layer.weight"].numpy(), learnt["layer.weight"].numpy()
    half_steps = np.abs(true).max(axis=(1, 2, 3)) / 127 / 2
    assert found.dtype == np.float32
    assert (np.abs(found - true) <= half_steps[:, None, None, None] * 1.001).all()
    assert (found[5] == 0).all()


def test_a_byte_is_kept_for_each_weight_of_a_layer(learnt):
    made = in_bytes(learnt)
    assert made["layer.weight"].dtype == torch.int8
    assert made["layer.weight" + SCALE].shape == (32,)
    assert made["small.weight"].dtype == made["layer.bias"].dtype == torch.float16


def test_statistics_beyond_half_precision_and_counts_stay_as_they_are(learnt, tmp_path):
    found = kept(learnt, tmp_path)
    for name in ("norm.running_var", "norm.num_batches_tracked"):
        assert torch.equal(found[name], learnt[name])


def test_kept_again_they_do_not_change(learnt, tmp_path):
    once = kept(learnt, tmp_path)
    again = kept(once, tmp_path)
    assert all(torch.allclose(once[name].float(), again[name].float(), rtol=1e-6, atol=0) for name in learnt)


def test_what_is_no_number_is_seen_after_reading(learnt, tmp_path):
    learnt["layer.weight"][3, 0, 0, 0] = float("nan")
    assert not torch.isfinite(kept(learnt, tmp_path)["layer.weight"]).all()


def test_plain_weights_of_earlier_bundles_are_read_as_they_are(learnt, tmp_path):
    save_file(learnt, tmp_path / "model.safetensors")
    assert torch.equal(load_weights(tmp_path / "model.safetensors")["layer.weight"], learnt["layer.weight"])


@pytest.mark.parametrize("scales", [torch.ones(31), torch.ones(32, 1)])
def test_scales_of_another_layer_are_refused(scales, learnt, tmp_path):
    save_file({**in_bytes(learnt), "layer.weight" + SCALE: scales}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="scales"):
        load_weights(tmp_path / "model.safetensors")
