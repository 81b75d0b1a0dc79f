"""The working folder of a build, the records on disk in it, and the note of its inputs."""
