"""Prediction of a stack of frames or slices by a network: streamed in batches, on the device there is.

Reading goes on while the network works; memory does not grow with the stack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Generic, Self, TypeVar

import numpy as np
import torch
from torch import nn

from ..errors import InputError, is_out_of_memory
from ..language import N_, _
from ..process.threads import Threads, Work
from .batch_norms import fold_batch_norms
from .bundle import Bundle

Item, Result = TypeVar("Item"), TypeVar("Result")

CPU_BATCH, CUDA_BATCH = 2, 32
MOST_WORKERS = 8
LARGEST_ARGUMENT, LONGEST_ARGUMENT = 10**6, 100
SMALLER_BATCHES = N_("Memory ran short: the network went on with smaller batches, which takes longer and changes no number.")


def load_network(bundle: Bundle, networks: Mapping[str, Callable[..., nn.Module]]) -> nn.Module:
    """Give the bundle's network with its weights, ready to predict.

    Args:
        networks: the networks that the module knows, by the name that a bundle calls them.

    Raises:
        InputError: the bundle names another network, or its weights do not fit or are no finite numbers.
    """
    from .weights import load_weights

    if bundle.network_class not in networks:
        raise InputError(
            _(
                "The model {path} needs the network {network_class}, which this version does not know (it knows "
                "{listed}); choose another model or update LesionReading."
            ).format(path=bundle.path, network_class=bundle.network_class, listed=", ".join(networks)),
            "model",
        )
    try:
        _check_arguments(bundle.network_arguments.values())
        with torch.device("meta"):  # no memory for weights that are replaced at once, nor for a size that only the metadata claim
            network = networks[bundle.network_class](**bundle.network_arguments)
        network.load_state_dict(load_weights(bundle.weights), assign=True)
        together = torch.cat([weights.flatten().float() for weights in network.state_dict().values()])
        is_finite = bool(torch.isfinite(together).all())
    except Exception as error:  # networks, ours and MONAI's, raise every kind of error on arguments that they were not made for
        if is_out_of_memory(error):
            raise
        raise InputError(
            _(
                "The weights of the model {path} do not fit the network {network_class} that its metadata "
                "describe; get the bundle anew."
            ).format(path=bundle.path, network_class=bundle.network_class),
            "model",
        ) from error
    if not is_finite:
        raise InputError(
            _(
                "The weights of the model {path} hold values that are no finite numbers: its training went "
                "wrong, or the file is damaged; choose another model."
            ).format(path=bundle.path),
            "model",
        )
    return network.float().eval()  # some lie on disk in half precision


def _check_arguments(values: Iterable) -> None:
    """Refuse arguments of a network beyond all sense, with which it would be built for ever.

    Raises:
        ValueError: a number or a list is too large.
    """
    for value in values:
        if isinstance(value, dict | list):
            if len(value) > LONGEST_ARGUMENT:
                raise ValueError("too many values")
            _check_arguments(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, int | float) and not abs(value) <= LARGEST_ARGUMENT:
            raise ValueError(f"{value} is too large")


def finite(scores: torch.Tensor) -> torch.Tensor:
    """Give what a network gave, if it is all finite numbers: nan is never the largest, so it would read as "nothing found".

    Raises:
        InputError: it is not.
    """
    if not bool(torch.isfinite(scores.sum(dtype=torch.float32))):
        raise InputError(
            _(
                "The model gave values that are no finite numbers: its weights are damaged, or it was not made "
                "for such pictures; choose another model."
            ),
            "model",
        )
    return scores


def choose_device(name: str) -> torch.device:
    """Give the device for ``"auto"`` (a GPU where there is one), ``"cpu"`` or ``"cuda"``.

    Raises:
        InputError: a GPU was asked for and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(_("No CUDA GPU was found on this machine; use --device cpu, or install PyTorch for CUDA and its driver."))
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def fastest_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the device calculates in it natively, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    able = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if any("bf16" in name and value for name, value in able.items()) else torch.float32


class Stream(Generic[Item, Result]):
    """Work on a stream of items in batches, in several threads, in order, within the memory there is; use it in a ``with`` block.

    On a processor several threads each work on a batch of their own: nothing waits for the slowest core, as it does when
    the cores share every layer. The thread that asks for the results reads the items meanwhile.

    Args:
        work: gives one result for each item of a batch.
        device: of ``choose_device``.
        batch: items at once; smaller by itself when memory runs out.
        workers: batches at once.

    Attributes:
        notes: sentences for the report on how the work went; complete once the results were taken.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Sequence[Result]],
        device: torch.device,
        batch: int | None = None,
        workers: int | None = None,
    ) -> None:
        on_processor = device.type == "cpu"
        threads = torch.get_num_threads()
        self.device = device
        self.batch = batch or (CPU_BATCH if on_processor else CUDA_BATCH)
        self.workers = workers or (min(threads, MOST_WORKERS) if on_processor else 1)
        self.notes: tuple[str, ...] = ()
        self._ahead = self.workers
        self._work = work
        self._threads = Threads(self.workers, partial(torch.set_num_threads, max(1, threads // self.workers)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._threads.close()

    def begin(self, item: Item) -> None:
        """Begin to work on a batch of this item in every worker, so that kernels are chosen while the first are being read."""
        for _rest in range(self.workers):
            self._begun([item] * self.batch)

    def results(self, items: Iterable[Item]) -> Iterator[Result]:
        """Give the result of each item in order.

        Items are read only a few batches ahead of the results that were taken, so memory does not grow with their number.

        Raises:
            InputError: memory does not suffice even for one item at a time; and whatever reading ``items`` raises.
        """
        unread = iter(items)
        pending: deque[tuple[list[Item], Work]] = deque()
        try:
            while batch := list(islice(unread, self.batch)):
                pending.append((batch, self._begun(batch)))
                while len(pending) > self._ahead:
                    yield from self._first_result(pending)
            while pending:
                yield from self._first_result(pending)
        finally:
            for _rest, work in pending:
                work.drop()

    def _begun(self, batch: list[Item]) -> Work:
        return self._threads.submit(partial(self._work, batch))

    def _first_result(self, pending: deque[tuple[list[Item], Work]]) -> Sequence[Result]:
        batch, work = pending.popleft()
        try:
            return work.result()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        for _rest, other in pending:  # so that what is tried again has the memory for itself
            other.wait()
        self._ahead = 0
        self.notes = (_(SMALLER_BATCHES),)
        return self._in_pieces(batch)

    def _in_pieces(self, items: list[Item]) -> list[Result]:
        """Results of a batch that was too large, in smaller ones; the size that fits is kept for all that follow."""
        found: list[Result] = []
        if self.batch >= len(items):  # else a smaller size has been found since this batch was begun
            self.batch = max(1, len(items) // 2)
        while len(found) < len(items):
            try:
                found.extend(self._work(items[len(found) : len(found) + self.batch]))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.batch == 1:
                    advice = (
                        _(
                            "The memory of the GPU does not suffice for this model even with one frame at a time; close other "
                            "programs or use --device cpu."
                        )
                        if self.device.type == "cuda"
                        else _(
                            "The memory of this machine does not suffice for this model even with one frame at a time; close "
                            "other programs."
                        )
                    )
                    raise InputError(advice, "memory") from error
                self.batch //= 2
        return found


class Predictor(Stream[np.ndarray, np.ndarray]):
    """A network made fast for one device that labels frames; use it in a ``with`` block.

    Args:
        network: in eval mode; takes (batch, 1, rows, columns), gives class scores (batch, classes, rows, columns).
        prepare: from uint8 (batch, rows, columns) to the network's float input, for example scaling to 0..1.
        device, batch, workers: as for ``Stream``.
    """

    def __init__(
        self,
        network: nn.Module,
        prepare: Callable[[torch.Tensor], torch.Tensor],
        device: torch.device,
        batch: int | None = None,
        workers: int | None = None,
    ) -> None:
        super().__init__(self._predict, device, batch, workers)
        self.dtype = fastest_dtype(device)
        self._prepare = prepare
        self._network = fold_batch_norms(network).to(device, self.dtype, memory_format=torch.channels_last)

    def warm_up(self, rows: int, columns: int) -> None:
        """Begin to predict an empty batch in every worker; see ``begin``."""
        self.begin(np.zeros((rows, columns), np.uint8))

    def labels(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Give the label map, uint8 (rows, columns), of each uint8 frame (rows, columns) in order; see ``results``."""
        return self.results(frames)

    @torch.inference_mode()
    def _predict(self, frames: list[np.ndarray]) -> np.ndarray:
        images = self._prepare(torch.from_numpy(np.stack(frames)).to(self.device)).to(self.dtype)
        scores = finite(self._network(images.to(memory_format=torch.channels_last)))
        return best_class(scores.float().cpu().numpy())


def best_class(scores: np.ndarray) -> np.ndarray:
    """Give the number of the largest score, uint8 (batch, rows, columns), of scores (batch, classes, rows, columns).

    The same as ``argmax`` (the first of equals wins), class by class, which a processor does many pixels at a time.
    """
    best = scores[:, 0].copy()
    labels = np.zeros(best.shape, np.uint8)
    for number in range(1, scores.shape[1]):
        better = scores[:, number] > best
        np.maximum(labels, better.view(np.uint8) * np.uint8(number), out=labels)
        np.maximum(best, scores[:, number], out=best)
    return labels
