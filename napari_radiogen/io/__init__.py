"""Files in and out: DICOM, NIfTI, NRRD, MetaImage, expression tables, cohorts."""
