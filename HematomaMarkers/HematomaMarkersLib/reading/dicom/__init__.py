"""A head CT from DICOM: planes, volumes, which series."""
