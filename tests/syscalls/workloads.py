"""What submissions ordinarily do, one function for each library: recorded by `record.py`, run in sandboxes by tests.

Each function answers "done". They use what the working folder offers and nothing of the network.
"""

import os
import sys


def standard_library():
    """Files, times, signals, programs and sockets of a local pair."""
    import asyncio
    import csv
    import gzip
    import json
    import random
    import selectors
    import shutil
    import signal
    import socket
    import sqlite3
    import subprocess
    import tempfile
    import threading
    import time
    import zipfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.txt")
        with open(path, "w") as file:
            file.write("text")
            file.flush()
            os.fsync(file.fileno())
        shutil.copyfile(path, path + ".copy")
        os.replace(path + ".copy", path)
        os.symlink(path, path + ".link")
        os.stat(path), os.listdir(folder), os.access(path, os.R_OK), os.readlink(path + ".link")
        with open(path, "r+") as file:
            file.truncate(2)
            file.seek(0)
        with gzip.open(path + ".gz", "wb") as file:
            file.write(b"x" * 10000)
        with zipfile.ZipFile(path + ".zip", "w") as file:
            file.write(path, "a")
        with sqlite3.connect(os.path.join(folder, "data.db")) as connection:
            connection.execute("create table t (x)")
            connection.execute("insert into t values (1)")
        connection.close()
        with open(path, "w", newline="") as file:
            csv.writer(file).writerow([1, 2])
        json.dumps({"a": 1})
    time.sleep(0.001), time.perf_counter(), time.process_time(), time.localtime(), random.random()
    os.urandom(8), os.getpid(), os.cpu_count(), os.getloadavg() if os.path.exists("/proc/loadavg") else None
    signal.signal(signal.SIGUSR1, lambda *_: None)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(3)]
    [each.start() for each in threads], [each.join() for each in threads]
    ours, theirs = socket.socketpair()
    ours.sendall(b"x"), theirs.recv(1), ours.close(), theirs.close()
    with selectors.DefaultSelector() as selector:
        selector.select(0)

    async def wait():
        await asyncio.sleep(0.001)
        await asyncio.to_thread(time.sleep, 0.001)

    asyncio.run(wait())
    subprocess.run([sys.executable, "-I", "-S", "-c", "print(1)"], check=True, capture_output=True)
    subprocess.run("echo 1 | cat > /dev/null", shell=True, check=True)
    return "done"


def scientific_python():
    """numpy, scipy and what they do with threads, files and memory maps."""
    import numpy as np
    import scipy.linalg
    import scipy.optimize
    import scipy.sparse.linalg

    a = np.random.default_rng(0).normal(size=(300, 300))
    a @ a, np.linalg.svd(a), scipy.linalg.expm(a / 100), np.fft.fft(a)
    scipy.optimize.minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(4))
    scipy.sparse.linalg.eigsh(scipy.sparse.eye(50), k=2)
    np.save("array.npy", a)
    np.load("array.npy", mmap_mode="r")[0, 0]
    np.savez_compressed("array.npz", a=a)
    np.load("array.npz")["a"]
    return "done"


def torch_training():
    """A small network trained on the processor, saved and loaded."""
    import torch

    torch.manual_seed(0)
    x, y = torch.randn(128, 10), torch.randint(0, 3, (128,))
    net = torch.nn.Sequential(torch.nn.Linear(10, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3))
    optimizer = torch.optim.Adam(net.parameters())
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    torch.nn.Conv2d(3, 4, 3)(torch.randn(2, 3, 16, 16)).sum().backward()
    torch.save(net.state_dict(), "net.pt")
    net.load_state_dict(torch.load("net.pt"))
    return "done"


def torch_loader_workers():
    """A DataLoader with two worker processes."""
    import torch

    data = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.arange(64))
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True, num_workers=2)
    assert sum(len(y) for _, y in loader) == 64
    return "done"


def scikit_learn():
    """Estimators, a grid search, and joblib by threads."""
    import joblib
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 5)), rng.integers(0, 3, 90)
    for model in (LogisticRegression(), SVC(), RandomForestClassifier(5), HistGradientBoostingClassifier(max_iter=3)):
        model.fit(x, y).predict(x)
    GridSearchCV(SVC(), {"C": [1, 10]}, cv=2).fit(x, y)
    joblib.Parallel(2, prefer="threads")(joblib.delayed(abs)(i) for i in range(8))
    joblib.dump(model, "model.joblib")
    joblib.load("model.joblib")
    return "done"


def joblib_processes():
    """joblib's own processes (loky)."""
    import joblib

    assert joblib.Parallel(2)(joblib.delayed(abs)(-i) for i in range(4)) == [0, 1, 2, 3]
    return "done"


def figures():
    """matplotlib, drawn and saved."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3], label="a")
    axes.legend()
    axes.set_title("title $x^2$")
    for kind in ("png", "pdf", "svg"):
        figure.savefig(f"figure.{kind}")
    pyplot.close(figure)
    return "done"


def notebook_shell():
    """IPython's shell with magics, an error and a command of the system."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    for cell in (
        "x = 1\nx",
        "%time sum(range(10))",
        "%timeit -n1 -r1 pass",
        "1 / 0",
        "!echo hello",
        "%pwd",
        "await __import__('asyncio').sleep(0)",
    ):
        shell.run_cell(cell)
    return "done"


def _square(x):
    return x * x


def processes_by_fork():
    """A pool, a queue, shared memory and locks of multiprocessing, by fork."""
    return _processes("fork")


def processes_by_spawn():
    """The same by spawn."""
    return _processes("spawn")


def processes_by_forkserver():
    """The same by forkserver."""
    return _processes("forkserver")


def _processes(method):
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import shared_memory

    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        assert pool.map(_square, range(4)) == [0, 1, 4, 9]
    queue, lock, value = context.Queue(), context.Lock(), context.Value("i", 3)
    with lock, value.get_lock():
        queue.put(value.value)
        assert queue.get() == 3
    queue.close()
    queue.join_thread()
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(_square, range(3))) == [0, 1, 4]
    segment = shared_memory.SharedMemory(create=True, size=100)
    segment.close()
    segment.unlink()
    return "done"


WORKLOADS = {
    each.__name__: each
    for each in (
        *(standard_library, scientific_python, torch_training, torch_loader_workers, scikit_learn, joblib_processes),
        *(figures, notebook_shell, processes_by_fork, processes_by_spawn, processes_by_forkserver),
    )
}

if __name__ == "__main__":
    sys.stdout.flush()
    assert WORKLOADS[sys.argv[1]]() == "done"
