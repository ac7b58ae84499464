"""What makes a write safe: one outermost transaction, a key that is obeyed once, states that move along arrows.

Also rows read and written by SQL composed once, and what the history's triggers are told. No rule of an app comes here.
"""
