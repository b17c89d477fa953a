"""The third stage: accepted records reach their destination once, no faster than it allows."""
