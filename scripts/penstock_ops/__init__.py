"""The operator's command, the local world, and what generates and receives sample records."""
