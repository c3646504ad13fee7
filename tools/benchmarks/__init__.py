"""Measurements of the package; never part of a test."""
