"""The channels that come with the city: newsletter, letters, feeds, hubs, and notices on devices."""
