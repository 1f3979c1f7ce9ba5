"""What trainings and models are told by: tables, cards, pages, MONAI's configs."""
