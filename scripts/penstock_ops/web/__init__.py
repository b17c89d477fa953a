"""The console: the pipe in a browser, on loopback, over the same operations as the command. One module a page."""
