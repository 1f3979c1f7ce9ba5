"""The texts of reports, messages and panels in other languages: collected from the sources, compared, compiled."""
