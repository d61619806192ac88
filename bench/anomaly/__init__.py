"""How well the anomaly service finds what costs money, on organisations made up from a seed.

Events go through the service's own handlers as the rater writes them; nothing here hands it sums.
"""
