"""The second stage: the records of a chunk are judged."""
