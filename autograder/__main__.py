"""`autograder`, and `python -m autograder`: the command line, and Ctrl-C while it is still being imported."""

import gc
import sys

from autograder import early_stop

_STOPPED = 130  # the exit code of what Ctrl-C ended: 128 and the number of the signal


def main() -> None:
    """Run the command line."""
    try:
        early_stop.wait(anyhow=True)
        gc.disable()  # imports make little garbage; `autograder.cli` turns it on again
        from autograder.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped before anything was done.\n")
        sys.exit(_STOPPED)


if __name__ == "__main__":
    main()
