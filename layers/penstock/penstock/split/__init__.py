"""The first stage: a dropped file becomes chunk messages."""
