"""From clips to landmark archives, on one machine or many."""
