"""Formats: from bytes to chunk spans, and from bytes to raw records. One module a format."""
