"""What a table says of itself: why, what changes, what breaks, what must hold."""
