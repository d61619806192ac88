"""The pricing service: a price book, and the rater that turns usage into costs."""
