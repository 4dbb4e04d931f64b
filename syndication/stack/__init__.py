"""The parts of a city on one machine: a redis-server, the service's processes, and the demo with its sinks."""
