"""`make bench`: how long the pages take on the data of a whole town, told as ratios to an empty signed-in page."""
