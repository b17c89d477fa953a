"""The figures: times as ratios to a named baseline of the same run, requests and write units counted."""
