"""Providers on this machine: real HTTP servers that page, tire, fail halfway, revise figures and change clocks."""
