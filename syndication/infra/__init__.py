"""Infrastructure without product words: database, HTTP, mail, pictures, keys, texts, logs, wake-ups."""
