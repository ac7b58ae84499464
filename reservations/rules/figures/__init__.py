"""« Chiffres » as pure functions: periods and what they are compared with, masks, how a plot is drawn."""
