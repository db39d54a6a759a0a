"""Downloads the videos of a list and cuts them into clips."""
