"""What is counted and measured of actors, at next to no cost for a message."""
