"""Pullbacks from DICOM."""
