"""Stand-ins for the services outside: they speak the same HTTP, in the demo and in the tests."""
