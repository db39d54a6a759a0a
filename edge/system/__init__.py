"""Wraps what the operating system gives: paths, processes, journal, systemd, sensors."""
