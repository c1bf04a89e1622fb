"""Leaves a file in every folder that it finds, by every way to get there.

Expect: MISSING
"""

import os

from kit import FOLDERS, TOKEN, mark

for folder in FOLDERS:
    for way in (folder, f"/proc/1/root{folder}", f"/proc/self/root{folder}", f"/proc/self/cwd/../../..{folder}"):
        mark(way)
for folder in FOLDERS:
    for call in (os.link, os.symlink, os.rename):
        try:
            call(__file__, os.path.join(folder, TOKEN))
        except OSError:
            pass
    try:
        os.mkdir(os.path.join(folder, TOKEN))
    except OSError:
        pass
