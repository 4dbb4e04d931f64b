"""Doors and tools that know nothing of posts: database, HTTP, mail, pictures, keys, texts, logs, wake-ups."""
