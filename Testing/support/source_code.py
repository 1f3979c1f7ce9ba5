"""What a test can say of Python source without running it: what it imports, and which texts a user sees untranslated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# Calls whose texts a user sees: Qt's setters, Slicer's messages, and the errors that the panels show.
SHOWN_BY = {
    *("setText", "setToolTip", "setStatusTip", "setWindowTitle", "setTitle", "setPlaceholderText", "setLabelText"),
    *("setSuffix", "setPrefix", "setSpecialValueText", "setHorizontalHeaderLabels", "setHeaderLabels", "setPlainText", "setHtml"),
    *("addItem", "addItems", "insertItem", "addTab", "addAction", "addRow", "appendPlainText", "showStatusMessage"),
    *("errorDisplay", "warningDisplay", "infoDisplay", "messageBox", "delayDisplay", "confirmOkCancelDisplay"),
    *("confirmYesNoDisplay", "confirmRetryCloseDisplay", "tryWithErrorDisplay", "InputError", "fill_table"),
}
SHOWN_IN = {"text", "toolTip", "title", "windowTitle", "statusTip", "placeholderText", "suffix", "prefix", "specialValueText"}
SHOWN_IN |= {"helpText", "acknowledgementText"}
NOT_SHOWN = {
    *("debug", "info", "warning", "error", "exception", "fail", "skipTest", "getLogger", "RuntimeError", "ValueError"),
    *("partition", "rpartition", "split", "startswith", "endswith", "find", "index", "count"),
}
IDENTIFIER = "# no tr"  # as Slicer marks texts by which programs know something
WORDS = re.compile(r"[^\W\d_]{2,} [^\W\d_]{2,}")


def file_scope_imports(file: Path) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Yield what a file imports when it is imported: module name, level of a relative import, and the names taken from it."""
    yield from _imports(ast.parse(file.read_text(encoding="utf-8")).body)


def all_imports(file: Path) -> Iterator[str]:
    """Yield the names of all modules that a file imports absolutely, in functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def untranslated_texts(file: Path) -> list[tuple[int, str]]:
    """Texts that a user sees and that do not pass ``_()``: line and text.

    These are literals given to what shows texts (``SHOWN_BY``, ``SHOWN_IN``), literals of more than one word anywhere but where
    they are only compared or looked up, and texts inside ``_()`` that are put together before they are translated, so that no
    translation can match. Left out are names of contributors, lines marked "# no tr", and hidden modules (DICOM plugins), which
    only developers see, as Slicer's own.
    """
    source = file.read_text(encoding="utf-8")
    found: set[tuple[int, str]] = set()
    _Texts(found).visit(ast.parse(source))
    marked = {number for number, line in enumerate(source.splitlines(), 1) if IDENTIFIER in line}
    return sorted(each for each in found if each[0] not in marked)


def _imports(body: list[ast.stmt]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level, tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _imports(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody"):
                yield from _imports(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                yield from _imports(handler.body)


class _Texts(ast.NodeVisitor):
    def __init__(self, found: set[tuple[int, str]]) -> None:
        self.found = found

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name == "_":
            if any(isinstance(argument, ast.JoinedStr | ast.BinOp | ast.Call) for argument in node.args):
                self.found.add((node.lineno, ast.unparse(node)))
            return
        if name == "get":
            node = ast.Call(node.func, node.args[1:], node.keywords)
        if name in SHOWN_BY:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                self._look(argument, shown=True)
        if name not in NOT_SHOWN and not name.startswith("assert"):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        attributes = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
        if attributes & SHOWN_IN:
            self._look(node.value, shown=True)
        if "contributors" not in attributes:
            self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if "parent.hidden = True" not in ast.unparse(node):
            self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._visit_but_constants(node.left, *node.comparators)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._visit_but_constants(node.value, node.slice)

    def visit_Dict(self, node: ast.Dict) -> None:
        self._visit_but_constants(*(key for key in node.keys if key))
        for value in node.values:
            self.visit(value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)

    def visit_Constant(self, node: ast.Constant) -> None:
        self._look(node, shown=False)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._look(node, shown=False)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def _visit_but_constants(self, *nodes: ast.expr) -> None:
        for node in nodes:
            if not isinstance(node, ast.Constant):
                self.visit(node)

    def _look(self, node: ast.expr, shown: bool) -> None:
        """Note a literal; where it is ``shown``, any with a letter, and those that it is put together from."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self._note(node, node.value, shown)
        elif isinstance(node, ast.JoinedStr):
            self._note(node, "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values), shown)
        elif shown and isinstance(node, ast.BinOp):
            self._look(node.left, shown)
            self._look(node.right, shown)
        elif shown and isinstance(node, ast.IfExp):
            self._look(node.body, shown)
            self._look(node.orelse, shown)
        elif shown and isinstance(node, ast.Dict):
            for key in node.keys:
                self._look(key, shown)
        elif shown and isinstance(node, ast.List | ast.Tuple):
            for part in node.elts:
                self._look(part, shown)
        elif shown and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join"):
            self._look(node.func.value, shown)

    def _note(self, node: ast.expr, text: str, shown: bool) -> None:
        words = re.sub(r"<[^>]*>", " ", text)
        if WORDS.search(words) or (shown and re.search(r"[^\W\d_]{2}", words)):
            self.found.add((node.lineno, text))
