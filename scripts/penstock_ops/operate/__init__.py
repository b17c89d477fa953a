"""What an operator asks of a stack and does to it."""
