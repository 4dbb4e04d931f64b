"""What is spoken over HTTP: the API, the feeds, the pages, and what a monitor asks for."""
