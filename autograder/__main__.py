"""`autograder`, and `python -m autograder`: the command line, and Ctrl-C while it is still being imported."""

import signal
import sys

_STOPPED = 130  # the exit code of what Ctrl-C ended: 128 and the number of the signal


def main() -> None:
    """Run the command line."""
    try:
        if hasattr(signal, "pthread_sigmask"):  # a signal would break off an import anywhere; it waits instead
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        from autograder.cli import main as command_line

        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped before anything was done.\n")
        sys.exit(_STOPPED)


if __name__ == "__main__":
    main()
