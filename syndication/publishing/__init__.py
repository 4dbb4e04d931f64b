"""Who may publish and what they publish: merchants, their keys, posts and pictures, and the ways by which posts come in."""
