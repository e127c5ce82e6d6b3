"""One file a subject; see checking.py."""
