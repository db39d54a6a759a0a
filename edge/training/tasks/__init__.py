"""Prepares what a network is trained for, one task a module."""
