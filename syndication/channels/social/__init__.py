"""What the social networks share: a post in words, cut to what a network takes, and when an account may speak."""
