"""Measures what finding landmarks costs, all backends on the same frames of the same videos."""
