"""Hands to letters and spelled words."""
