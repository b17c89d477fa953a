"""What operators and schedules do: replay, hold, decide, resolve, bury, sweep."""
