"""The regulations of payments as pure functions: no table, no clock, no network."""
