"""The page's routes, one part of the page each."""
