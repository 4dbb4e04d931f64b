"""Who wants to hear, and what they were told: readers, interests, editions, feeds."""
