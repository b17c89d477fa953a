"""How the command speaks with people and machines: options, exit codes, screens, progress."""
