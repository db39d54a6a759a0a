"""What the operating system gives: paths, journal, watchdog's socket, sensors, memory."""
