"""What the pages of the aid read: who may enter, the frame of a page, balances, history. Nothing is written here."""
