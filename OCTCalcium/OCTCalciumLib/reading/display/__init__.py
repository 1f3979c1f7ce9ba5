"""What a console draws into frames: colour, circle, marks and text."""
