"""The console: the REST API and the web pages people look at."""
