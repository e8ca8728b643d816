"""The formats: each reads and writes one kind of file, and knows no other."""
