"""Feeds of one's own: what `penstock feeds new` writes, and each feed's place in the template."""
