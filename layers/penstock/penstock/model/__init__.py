"""What everything else speaks of: ids, messages, rows, records, findings, errors."""
