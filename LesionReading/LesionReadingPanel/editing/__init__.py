"""What both panels do while labels are edited: points, review, live numbers."""
