"""What both LesionReading modules share: plain Python without Qt; only the files ``scene*.py`` touch MRML."""
