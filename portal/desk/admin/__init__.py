"""The agents' pages that compose several apps; ``portal.desk.pages`` gives them their addresses."""
