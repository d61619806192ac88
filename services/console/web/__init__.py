"""The web UI: NiceGUI pages, everything served from here, nothing from elsewhere."""
