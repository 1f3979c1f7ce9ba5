"""The parts of OCTCalcium's panel: each turns results into something to look at, or clicks into calls."""
