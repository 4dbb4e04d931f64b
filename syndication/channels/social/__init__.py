"""Shared by all social networks: texts cut to a network's limits, pictures, requests, and posting hours."""
