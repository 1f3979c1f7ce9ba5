"""The widgets that both panels have, by the names they have there, without a module around them."""

from __future__ import annotations

from types import SimpleNamespace

LABELS = ("inputFactsLabel", "modelFactsLabel", "statusLabel", "reviewLabel")
BUTTONS = (
    *("setSpacingButton", "modelAddButton", "modelFolderButton", "modelRemoveButton", "applyButton", "cancelButton"),
    *("previousButton", "nextButton", "nextUnreviewedButton", "fillBetweenButton"),
)


def panel_widgets() -> SimpleNamespace:
    """One of each."""
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
        segmentEditorWidget=slicer.qMRMLSegmentEditorWidget(),
    )
    ui.pixelSpacingSpinBox.setDecimals(4)
    ui.segmentEditorWidget.setMRMLScene(slicer.mrmlScene)
    for name in LABELS:
        setattr(ui, name, qt.QLabel())
    for name in BUTTONS:
        setattr(ui, name, qt.QPushButton())
    return ui
