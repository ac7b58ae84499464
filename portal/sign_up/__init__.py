"""The three-step sign-up: a person, their filiations, the service of their commune. Composes accounts, families, services."""
