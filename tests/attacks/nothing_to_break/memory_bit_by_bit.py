"""Takes memory in small pieces and holds on to it.

Expect: MEMORY
Says: Memory limit of 192 MiB reached in `answer`
Only: a_number
"""


def answer(x):
    kept = []
    while True:
        kept.append(b"x" * (1 << 16))
