"""The agents' first page and site, families entered or imported by agents. Pages of one app stand in that app's ``admin``."""
