"""What finding landmarks costs, backends side by side on the same frames of the same videos."""
