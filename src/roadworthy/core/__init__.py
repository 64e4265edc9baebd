"""What the words mean: frozen dataclasses and Protocols; no I/O, no heavy imports."""
