"""Walks the whole file system for anything secret."""

import os
import time

from kit import look_for_secrets, read

end = time.monotonic() + 0.6
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if name not in ("proc", "sys", "usr", "site-packages", "lib", "lib64")]
    for name in files:
        path = os.path.join(folder, name)
        if not path.startswith(("/dev/", "/submission/")) and os.path.isfile(path):
            look_for_secrets(read(path, 4096), path)
    if time.monotonic() > end:
        break
