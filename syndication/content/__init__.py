"""The values that travel between all rooms: what a post says, who wants it, and how often. Pure."""
