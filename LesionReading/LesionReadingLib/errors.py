"""The ways in which a run can end other than well; the worker turns each into an exit status."""

UNLESS_FORCED = "unless-forced"
"""Code of a refusal that the person at the keyboard may overrule with ``--force``."""


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
