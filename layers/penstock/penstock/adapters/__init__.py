"""The ports' AWS side and their in-memory twins, side by side."""
