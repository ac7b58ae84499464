"""The agents' pages of portal: importing them registers them."""
