"""Opens cameras, streams, videos and folders, and yields their frames; the motion gate."""
