"""Why an anomaly cost what it did: its hours against the same hours of usual weeks, taken apart to the picodollar."""
