"""Says words aloud, in a child process that can be killed."""
