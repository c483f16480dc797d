"""Run a command on one core and print, as JSON, what it used: ``launch.py CORE OUTPUT COMMAND...``.

A process of its own, as small as Python gets, because Linux counts the memory of the process that starts a program into
the program's peak. OUTPUT takes what the command prints. With ``python -I -S``.
"""

import json
import os
import sys
import time


def main() -> None:
    """Do it; the exit status is 0 also where the command's is not."""
    core, output, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    os.sched_setaffinity(0, {core})
    start = time.perf_counter()
    child = os.fork()
    if not child:
        try:
            target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(target, 1)
            os.dup2(target, 2)
            os.execvp(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    # Peak memory is that of the largest process of the program.
    used = {"status": os.waitstatus_to_exitcode(status), "wall": wall, "cpu": usage.ru_utime + usage.ru_stime}
    print(json.dumps({**used, "memory": usage.ru_maxrss * 1024}))


main()
