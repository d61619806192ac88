"""Logs that coding agents keep on their machine: one file each. Nothing but counts, names and times leaves them."""
