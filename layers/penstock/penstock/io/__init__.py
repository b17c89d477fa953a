"""Reading, sending and keeping through the ports, with retries."""
