"""Writes landmark archives in other formats."""
