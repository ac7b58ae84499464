"""What agents write over several apps: families imported or entered, an account closed with what it leaves."""
