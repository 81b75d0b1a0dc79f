"""Every file format and every message, each with one owner module that writes and reads it."""
