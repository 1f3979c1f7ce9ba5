"""The main window: a module's panel on the left, the views on the right."""

import slicer
from PySide6.QtCore import Property, QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QScrollArea, QSizePolicy, QToolBar, QVBoxLayout, QWidget

from .ctk_widgets import ctkCollapsibleButton

PANEL_WIDTH = 420
DATA_PROBE_HEIGHT = 120  # px, of four lines of text


class qSlicerModuleSelectorToolBar(QToolBar):
    """Stands for qSlicerModuleSelectorToolBar (Slicer, Base/QTGUI/qSlicerModuleSelectorToolBar.h)."""

    moduleSelected = Signal(str)

    def __init__(self, panel):
        super().__init__("Modules")
        self._panel = panel
        self._selected = ""
        self._label = QLabel()
        self.addWidget(self._label)

    def selectModule(self, moduleName):
        module = slicer.app.moduleManager().module(moduleName) if moduleName else None
        if moduleName and (module is None or module.hidden):
            raise RuntimeError(f"There is no module {moduleName} to select")
        if moduleName == self._selected:
            return
        self._selected = moduleName
        self._label.setText(f"  Modules:  <b>{module.title}</b>  " if module else "")
        self._panel.show_module(module)
        self.moduleSelected.emit(moduleName)

    selectedModule = Property(str, lambda self: self._selected, selectModule)


class ModulePanel(QScrollArea):
    """Stands for qSlicerModulePanel (Slicer, Base/QTGUI/qSlicerModulePanel.h): holds one module's panel below its help, folded.
    It scrolls up and down only, and is as wide as the module needs."""

    def __init__(self):
        super().__init__()
        self._representation = None
        self._leaked = []
        contents = QWidget()
        QVBoxLayout(contents).setContentsMargins(0, 0, 0, 0)
        help_button = ctkCollapsibleButton("Help && Acknowledgement")
        help_button.setCollapsed(True)
        contents.layout().addWidget(help_button)
        self.setWidget(contents)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def minimumSizeHint(self):
        width = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().minimumSizeHint().height())

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Resize:
            self.updateGeometry()
        return False

    def show_module(self, module):
        """Leave the module that is shown, enter this one (None: no module)."""
        if self._representation is not None:
            self._representation.exit()
            self._take()
        self._representation = module.widgetRepresentation() if module else None
        if self._representation is not None:
            self._representation.layout().setContentsMargins(0, 0, 0, 0)
            self._representation.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
            self._put()
            self._representation.enter()

    def grab_whole(self, width, process_events):
        """A picture of the module's panel, as long as it is, at this width in px."""
        widget = self._take()
        widget.show()
        for _ in range(2):
            widget.resize(width, max(widget.sizeHint().height(), widget.layout().totalHeightForWidth(width)))
            process_events()
        picture = widget.grab()
        self._put()
        return picture

    def _put(self):
        self._representation.installEventFilter(self)
        self.widget().layout().addWidget(self._representation)
        self._representation.show()

    def _take(self):
        """As Slicer does it: the layout's item is taken and never deleted. Qt goes on telling it that the size of the panel has
        changed, and not the item of the next time."""
        self._representation.removeEventFilter(self)
        layout = self.widget().layout()
        self._leaked.append(layout.takeAt(layout.indexOf(self._representation)))
        self._representation.hide()
        self._representation.setParent(None)
        return self._representation


class qSlicerMainWindow(QMainWindow):
    """Stands for qSlicerMainWindow (Slicer, Base/QTApp/qSlicerMainWindow.h)."""

    def __init__(self):
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("3D Slicer")
        self._panel = ModulePanel()
        self._selector = qSlicerModuleSelectorToolBar(self._panel)
        self.addToolBar(self._selector)
        for title in ("File", "Edit", "View", "Help"):
            self.menuBar().addMenu(title)
        dock = QDockWidget(self)
        dock.setObjectName("PanelDockWidget")
        dock.setTitleBarWidget(QWidget(dock))
        dock.setWidget(_above_data_probe(self._panel))
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        self._dock = dock
        central = QWidget(self)
        central.setObjectName("CentralWidget")
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        self.setCentralWidget(central)
        self.statusBar()

    def moduleSelector(self):
        return self._selector

    def arrange(self, width, height):
        """Give the window a size in px and the panel its usual share; a panel that was wide once would stay so."""
        self.resize(width, height)
        self.resizeDocks([self._dock], [PANEL_WIDTH], Qt.Orientation.Horizontal)


def _above_data_probe(panel):
    """The module's panel with the data probe below it, which is open after a fresh installation."""
    contents = QWidget()
    layout = QVBoxLayout(contents)
    layout.setContentsMargins(0, 0, 0, 0)
    probe = ctkCollapsibleButton("Data Probe")
    probe.setFixedHeight(DATA_PROBE_HEIGHT)
    layout.addWidget(panel, 1)
    layout.addWidget(probe)
    return contents


def dark_palette():
    """Colours like those of Slicer's dark style."""
    palette = QPalette()
    group = QPalette.ColorGroup.All
    colors = {
        "Window": "#323232",
        "WindowText": "#ebebeb",
        "Base": "#1e1e1e",
        "AlternateBase": "#2b2b2b",
        "ToolTipBase": "#ebebeb",
        "ToolTipText": "#141414",
        "Text": "#ebebeb",
        "Button": "#454545",
        "ButtonText": "#ebebeb",
        "BrightText": "#ff6a5e",
        "Link": "#5ea0e6",
        "Highlight": "#2f7bd0",
        "HighlightedText": "#ffffff",
        "PlaceholderText": "#8c8c8c",
    }
    for role, color in colors.items():
        palette.setColor(group, getattr(QPalette.ColorRole, role), QColor(color))
    for role in ("WindowText", "Text", "ButtonText"):
        palette.setColor(QPalette.ColorGroup.Disabled, getattr(QPalette.ColorRole, role), QColor("#808080"))
    return palette
