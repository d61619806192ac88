"""Logs that coding agents keep on their machine: one file each."""
