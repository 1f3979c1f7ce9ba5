"""What both LesionReading modules share: plain Python, without Qt, MRML or Slicer."""
