"""Trains networks on landmark archives and exports them as bundles (extra train)."""
