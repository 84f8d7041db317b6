"""What answers, changes and explanations look like: as JSON, as text, and on a terminal."""
