"""Whether a record came before: examination beside what is known of earlier ones."""
