"""Segments to predictions."""
