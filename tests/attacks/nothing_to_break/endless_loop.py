"""Never ends, at full speed.

Expect: TIME
Says: CPU time limit of 1 s reached in `answer`
Only: a_number
"""


def answer(x):
    while True:
        pass
