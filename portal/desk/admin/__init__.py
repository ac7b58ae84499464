"""The agents' pages that compose several apps; ``portal.desk.site`` gives them their addresses."""
