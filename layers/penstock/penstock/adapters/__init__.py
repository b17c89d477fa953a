"""The ports' AWS side. Their in-memory twins are `penstock_testing`, so that no function carries them."""
