"""What the agents' pages read over several apps: what waits for them, what a closed account would leave."""
