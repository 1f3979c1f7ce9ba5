"""Tool tips as CTK makes them; loaded before ``python_qt`` changes how Qt's widgets take theirs."""

from PySide6 import QtCore, QtGui, QtWidgets

_plain_tool_tip = QtWidgets.QWidget.setToolTip


def set_tool_tip(widget, text):
    """As ctkToolTipTrapper (CTK, Libs/Widgets/ctkToolTipTrapper.cpp) does in Slicer: plain text becomes HTML, which is wrapped."""
    if text and not QtGui.Qt.mightBeRichText(text):
        text = QtGui.Qt.convertFromPlainText(text, QtCore.Qt.WhiteSpaceMode.WhiteSpaceNormal)
    _plain_tool_tip(widget, text)
