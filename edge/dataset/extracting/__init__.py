"""Extracts landmarks from clips into archives, on one machine or many."""
