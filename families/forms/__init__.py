"""What people and agents type of a household and of a child's health."""
