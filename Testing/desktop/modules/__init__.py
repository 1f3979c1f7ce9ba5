"""What Slicer gives to scripted modules."""
