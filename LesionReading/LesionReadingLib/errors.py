"""The ways in which a run can end other than well; the worker turns each into an exit status."""

UNLESS_FORCED = "unless-forced"
"""Code of a refusal that the person at the keyboard may overrule with ``--force``."""

_OUT_OF_MEMORY = (
    "out of memory",  # CUDA
    "allocate memory",  # PyTorch's allocator on processors, and the loader of libraries
    "bad_alloc",  # C++
    "could not create a primitive",  # oneDNN
    "could not create a memory",
    "could not execute a primitive",
    "can't start new thread",
    "failed to map segment",
)


class InputError(Exception):
    """The input or the arguments cannot be used (exit status 2).

    The message is one sentence for the person at the keyboard: what is wrong, where, and what to do.
    It names files as the person typed them and never carries patient names.

    Attributes:
        code: which kind of refusal it is, for programs, which branch on it and never on the words.
    """

    def __init__(self, message: str, code: str = "input") -> None:
        super().__init__(message)
        self.code = code


class Cancelled(BaseException):
    """The person, or the program that started the run, asked it to stop (exit status 130).

    As ``KeyboardInterrupt`` it is no ``Exception``: it may come at any line, and what mends a failed step must not swallow it.
    """


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out. PyTorch, oneDNN, the system's loader and threads say so only in words."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _OUT_OF_MEMORY)
