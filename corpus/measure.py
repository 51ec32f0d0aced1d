"""Run a command and print its exit code, wall time and peak memory as JSON.

Usage: measure.py STDOUT STDERR TIMEOUT_SECONDS MEMORY_LIMIT_GIB COMMAND...    (0: no limit)

Started by harness.measure as a process of its own. It imports little: its own memory is the least that it can tell.
"""

import os
import resource
import signal
import sys
import time

out, err, timeout, memory, *command = sys.argv[1:]
if float(memory):
    limit = int(float(memory) * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
start = time.perf_counter()
child = os.posix_spawnp(
    command[0],
    command,
    os.environ,
    file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, out, write, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, err, write, 0o600),
    ],
)
expired = False


def expire(_signal, _frame):
    global expired
    expired = True
    os.kill(child, signal.SIGKILL)


signal.signal(signal.SIGALRM, expire)
signal.setitimer(signal.ITIMER_REAL, float(timeout))
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
print(
    f'{{"exit": {os.waitstatus_to_exitcode(status)}, "seconds": {seconds},'
    f' "peak_mib": {usage.ru_maxrss / 1024}, "timed_out": {str(expired).lower()}}}'
)
