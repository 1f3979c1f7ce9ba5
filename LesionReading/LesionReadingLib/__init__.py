"""What both LesionReading modules share: plain Python, without Qt, VTK or Slicer."""
