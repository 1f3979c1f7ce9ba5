"""OCTCalcium's own part of the way of the data: read, segment, measure and present a coronary OCT pullback."""
