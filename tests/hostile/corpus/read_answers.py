"""Knows where the answers lie, and opens them: by path, through links, through other processes' roots."""

import os

from honest import GIFT, found, loop, readable


def look(_request):
    answers = GIFT["answers"]
    peek = os.environ["HOME"] + "/peek"
    os.symlink(answers, peek)
    paths = [answers, peek, GIFT["questions"], GIFT["results"], os.path.dirname(answers), "/proc/self/root" + answers]
    for process in {1, os.getppid(), GIFT["harness"]} - ({1} if os.getcwd() == "/submission" else set()):
        paths += [f"/proc/{process}/root{answers}", f"/proc/{process}/cwd"]
        paths += [f"/proc/{process}/fd/{number}" for number in range(3, 40)]
    for path in paths:
        if readable(path):
            found(path)


loop(look)
