"""The audit: can anything that should not reveal the order reveal it?"""
