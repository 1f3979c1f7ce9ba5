"""Report, page and tables."""
