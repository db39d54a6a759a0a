"""Settings: file, environment and command line, read once and checked."""
