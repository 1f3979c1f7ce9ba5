"""What the panels of both modules share: Qt lives here and in the modules' own panels, and nowhere else."""
