"""The page: see what it sees, try a video, look up, practise, teach; served by the device."""
