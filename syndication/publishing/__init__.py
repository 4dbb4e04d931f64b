"""Who may publish, and what: merchants, keys, posts, pictures, and the ways in which posts come in."""
