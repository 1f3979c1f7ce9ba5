"""Dialogs that a test answers instead of a user. One that nobody answers is an error."""

from collections import deque
from dataclasses import dataclass

from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMessageBox

YES = (QMessageBox.StandardButton.Ok, QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.Retry)
NO = (QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.No, QMessageBox.StandardButton.Close)
FILE_QUESTIONS = ("getExistingDirectory", "getOpenFileName", "getOpenFileNames", "getSaveFileName")
MESSAGES = ("information", "warning", "critical", "question")
INPUT_QUESTIONS = ("getText", "getItem", "getInt", "getDouble")


class UnansweredDialogError(AssertionError):
    """A dialog came up that the test did not expect."""


@dataclass(frozen=True)
class ShownDialog:
    """A dialog that came up: its title, text and folded details ("" where it has none)."""

    title: str
    text: str
    details: str = ""


class Dialogs:
    """What came up, and what the test will answer.

    Attributes:
        shown: every dialog that came up, in order.
        opened: addresses handed to the system's browser or file manager.
    """

    def __init__(self):
        self.shown = []
        self.opened = []
        self._answers = deque()

    def answer(self, *answers):
        """Answer the next dialogs, in this order.

        An answer to a message is True (OK, Yes, Retry), False (Cancel, No, Close) or a button; to a question about files
        or a value what Slicer's Qt would return: the path, the text. A function gets the dialog and returns the answer.
        """
        self._answers.extend(answers)

    def forget(self):
        """Start anew; returns the answers that no dialog wanted."""
        left = list(self._answers)
        self._answers.clear()
        self.shown.clear()
        self.opened.clear()
        return left

    def ask(self, shown, dialog=None):
        """The test's answer to this dialog. UnansweredDialogError where there is none."""
        self.shown.append(shown)
        if not self._answers:
            raise UnansweredDialogError(f"Nobody answers the dialog: {shown.title}: {shown.text}\n{shown.details}")
        answer = self._answers.popleft()
        return answer(dialog) if callable(answer) and dialog is not None else answer


def let_tests_answer(dialogs):
    """Every dialog of Qt asks ``dialogs`` from now on."""
    for name in ("exec", "exec_"):
        setattr(QDialog, name, lambda self: _answer_dialog(dialogs, self))
        setattr(QMessageBox, name, lambda self: _answer_box(dialogs, self))
    for cls, names in ((QFileDialog, FILE_QUESTIONS), (QInputDialog, INPUT_QUESTIONS)):
        for name in names:
            setattr(cls, name, staticmethod(_asking(dialogs, name)))
    for name in MESSAGES:
        setattr(QMessageBox, name, staticmethod(_asking_box(dialogs)))
    QDesktopServices.openUrl = staticmethod(lambda url: dialogs.opened.append(url.toString()) or True)


def _answer_dialog(dialogs, dialog):
    answer = dialogs.ask(ShownDialog(dialog.windowTitle, ""), dialog)
    return int(QDialog.DialogCode.Accepted if answer else QDialog.DialogCode.Rejected)


def _answer_box(dialogs, box):
    answer = dialogs.ask(ShownDialog(box.windowTitle.strip(), box.text, box.detailedText), box)
    return _button(answer, box.standardButtons)


def _button(answer, offered):
    """The button that True or False stands for; one that the box does not offer cannot be pressed."""
    if not isinstance(answer, bool):
        return answer
    pressed = next((button for button in (YES if answer else NO) if button & offered), None)
    if pressed is None:
        raise UnansweredDialogError(f"The dialog has no button for {answer}")
    return pressed


def _asking(dialogs, name):
    def ask(parent=None, caption="", *arguments, **named):
        return dialogs.ask(ShownDialog(caption, name))

    return ask


def _asking_box(dialogs):
    def ask(parent, title, text, buttons=QMessageBox.StandardButton.Ok, default=QMessageBox.StandardButton.NoButton):
        return _button(dialogs.ask(ShownDialog(title, text)), buttons)

    return ask
