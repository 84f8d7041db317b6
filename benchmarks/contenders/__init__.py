"""Who is asked: addresses, names and URLs, a table of contenders each, and what no answer can be faster than."""
