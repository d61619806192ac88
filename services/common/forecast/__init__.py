"""Where spend is heading, with an interval that says how far it may be trusted. Pure: numbers in, numbers out."""
