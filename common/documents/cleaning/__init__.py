"""A stranger's file made anew: images redrawn, PDFs rebuilt from what draws their pages.

All but ``sandbox`` runs in a process of its own, without files, sockets or secrets.
"""
