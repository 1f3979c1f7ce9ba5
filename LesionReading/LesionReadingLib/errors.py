"""The ways in which a run can end other than well; the worker turns each into an exit status."""


class InputError(Exception):
    """The input or the arguments cannot be used (exit status 2).

    The message is one sentence for the person at the keyboard: what is wrong, where, and what to do.
    It names files as the person typed them and never carries patient names.
    """


class Cancelled(Exception):
    """The person, or the program that started the run, asked it to stop (exit status 130)."""
