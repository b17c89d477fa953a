"""What the feeds are, read from their declarations: `penstock feeds`, and the pages under docs/feeds."""
