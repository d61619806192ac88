"""Fetches usage from where it is already recorded: vendors' usage and billing APIs, exported files, agents' own logs.

A client of ingest's public API. Every event's id is made of what the source itself calls it, so that reading the same
twice changes nothing and a figure that grew becomes a revision.
"""
