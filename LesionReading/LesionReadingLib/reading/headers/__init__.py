"""Headers of NIfTI, NRRD and MetaImage, looked at before any library reads the file."""
