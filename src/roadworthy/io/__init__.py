"""Readers and writers: what people write down becomes the words of the core, and back."""
