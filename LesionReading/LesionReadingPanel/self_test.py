"""What the self-tests of both modules begin with."""

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from .dependencies import missingPackages


class LesionReadingTest(ScriptedLoadableModuleTest):
    """Starts each test with an empty scene; skipped where packages are missing, which a self-test must not install."""

    def setUp(self) -> None:
        missing = missingPackages()
        if missing:
            self.skipTest(
                _("Press Apply once in this module, which installs what is missing: {names}").format(names=", ".join(missing))
            )
        slicer.mrmlScene.Clear()

    def checkAgreement(self, widget, dice: str) -> None:
        """Compare the two readers of a panel's worklist, and check what the window shows of them."""
        widget.ui.agreementButton.click()
        while widget.worklist.agreement.running:
            slicer.app.processEvents()
        window = widget.worklist.agreement.window
        self.assertIsNotNone(window, widget.ui.worklistLabel.text)
        self.assertEqual((window.pairTable.rowCount, window.pairTable.item(0, 3).text()), (1, dice))
        window.close()
