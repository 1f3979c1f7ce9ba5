"""DICOM files: opened, cleaned, decoded."""
