"""Pure values used everywhere: what a post says, who wants it, and how often."""
