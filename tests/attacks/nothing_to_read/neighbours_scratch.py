"""Looks for the folders of other submissions beside its own.

Needs: files
"""

import os

from kit import breach, look_for_secrets, read

own = os.path.realpath(os.environ["HOME"])
place = os.path.dirname(own)
while place != "/":
    try:
        names = [name for name in os.listdir(place) if os.path.join(place, name) not in own]
    except OSError:
        names = []
    if place not in ("/tmp", "/"):
        for name in names:
            if name != "submission":
                breach(f"{place}/{name} can be seen")
    for name in names:
        look_for_secrets(read(os.path.join(place, name, "hw.py")), place)
    place = os.path.dirname(place)
