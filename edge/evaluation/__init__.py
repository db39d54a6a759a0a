"""How well it does: clips, streams, spelling, delay, cost."""
