"""Holds what a running device knows and does: settings in force, orders, news, health."""
