"""A stand-in for the Slicer desktop: PySide6 on the real MRML scene of PyPI's slicer-core. Test code; the modules do not know it.

``start()`` makes the application once per process and must come before any module's file is imported.
"""

from .starting import start

__all__ = ["start"]
