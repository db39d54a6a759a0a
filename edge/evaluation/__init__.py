"""Measures how well everything works: clips, streams, spelling, delay, cost."""
