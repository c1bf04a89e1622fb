"""Asks for more than its share of the processors and for the last place when memory runs out.

Expect: FAILED
Only: a_number
"""

import os

from kit import breach, works


def answer(x):
    ways = {
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -20),
        "real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
        "other processors": lambda: os.sched_setaffinity(0, range(os.cpu_count())),
        "out of memory": lambda: (
            open("/proc/self/oom_score_adj", "w").write("-1000") or open("/proc/self/oom_score_adj").read() != "-1000\n"
        ),
    }
    for name, way in ways.items():
        try:
            if not way():
                breach(name)
        except OSError:
            pass
    return 0.0
