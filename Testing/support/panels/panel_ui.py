"""The widgets that both panels have, by the names they have there, without a module around them."""

from __future__ import annotations

from types import SimpleNamespace

from shiboken6 import delete

LABELS = ("inputFactsLabel", "modelFactsLabel", "statusLabel", "reviewLabel")
BUTTONS = (
    *("setSpacingButton", "modelAddButton", "modelFolderButton", "modelRemoveButton", "applyButton", "cancelButton"),
    *(
        "previousButton",
        "nextButton",
        "nextUnreviewedButton",
        "nextUncertainButton",
        "reviewedNextButton",
        "reviewedRangeButton",
        "fillBetweenButton",
    ),
)


_made: list[SimpleNamespace] = []


def panel_widgets() -> SimpleNamespace:
    """One of each, until ``delete_panel_widgets``."""
    import ctk
    import qt
    import slicer

    ui = SimpleNamespace(
        spacingBox=qt.QFrame(),
        pixelSpacingSpinBox=qt.QDoubleSpinBox(),
        sliceSpacingSpinBox=qt.QDoubleSpinBox(),
        modelComboBox=qt.QComboBox(),
        progressBar=qt.QProgressBar(),
        editButton=ctk.ctkCollapsibleButton(),
        detailsText=qt.QPlainTextEdit(),
        reviewedCheckBox=qt.QCheckBox(),
        uncertainFirstCheckBox=qt.QCheckBox(),
        segmentEditorWidget=slicer.qMRMLSegmentEditorWidget(),
    )
    ui.pixelSpacingSpinBox.setDecimals(4)
    ui.segmentEditorWidget.setMRMLScene(slicer.mrmlScene)
    for name in LABELS:
        setattr(ui, name, qt.QLabel())
    for name in BUTTONS:
        setattr(ui, name, qt.QPushButton())
    _made.append(ui)
    return ui


def delete_panel_widgets() -> None:
    """Delete them all: left alone, they would go on observing the scene in every later test."""
    while _made:
        for widget in vars(_made.pop()).values():
            delete(widget)
