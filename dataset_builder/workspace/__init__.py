"""The working folder of a build, and the records it keeps on disk."""
