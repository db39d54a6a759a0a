"""What networks are fed: numbers of a segment, a hand, a posture; for training and run time."""
