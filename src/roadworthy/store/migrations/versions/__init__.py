"""One file a revision: its number, then what it adds. A released one is never edited."""
