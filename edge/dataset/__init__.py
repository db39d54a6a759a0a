"""From videos and others' data sets to landmark archives (extra train)."""
