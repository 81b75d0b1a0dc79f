"""Ends well, and has answered nothing."""
