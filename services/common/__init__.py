"""The leaf library every service stands on. Imports no service."""
