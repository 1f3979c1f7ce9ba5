"""Head CT with intracerebral haemorrhage: hematoma, markers of growth and their reasons. Plain Python; needs no Slicer."""
