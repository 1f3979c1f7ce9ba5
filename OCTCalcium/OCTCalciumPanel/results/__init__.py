"""The results of a pullback in the panel: numbers, table, plot, map and vessel, all following the frame on view."""
