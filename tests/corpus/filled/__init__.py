"""Forms of three programs, each filled by three others; ``make.sh`` tells how they were made."""

from pathlib import Path

FILLED = sorted(Path(__file__).parent.glob("*.pdf"))
LINES = ["Zoé Lefèvre, 12 €", "allergie à l’arachide", "stylo d’adrénaline", "appeler le 15", "œuf : non", "Non"]
