"""Everything served over HTTP: API, feeds, pages, and monitoring."""
