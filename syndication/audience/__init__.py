"""Readers, their interests, and the editions and feeds made for them."""
