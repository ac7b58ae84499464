"""`make crossed`: what the portal gives out, read by programs of others, pinned, in a temporary folder.

Nothing here runs in `make test`: the readers come from the network. The table is in docs/proofs.md.
"""
