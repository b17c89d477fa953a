"""Words for people, whoever says them: times in their zone, and what was probably meant."""
