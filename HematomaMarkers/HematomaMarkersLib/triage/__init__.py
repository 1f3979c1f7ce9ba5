"""Whom to refer, and why."""
