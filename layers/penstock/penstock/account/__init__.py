"""The account: how a chunk ends, how a file is completed, and the batches of held records."""
