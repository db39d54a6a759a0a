"""From lists of videos to clips on disk."""
