"""One kind of change a file: each proposes paths to yes, from open data only."""
