#!/bin/bash
# Records what Linux answers on a read-only bind mount `m` in a directory on tmpfs: writes recorded.txt.
# Run it as `unshare --map-root-user --mount bash recorded.sh` in this folder.
set -euo pipefail
here=$PWD
mount -t tmpfs tmpfs /mnt
mkdir -p /mnt/source/sub/deep /mnt/source/empty /mnt/root/m /mnt/root/dir
echo hi > /mnt/source/f
echo deep > /mnt/source/sub/deep/g
echo own > /mnt/root/own
mount --bind /mnt/source /mnt/root/m
mount -o remount,ro,bind /mnt/root/m
cd /mnt/root
python3 - > "$here/recorded.txt" <<'PYTHON'
import errno, os

def tell(words, call):
    try:
        call()
        print(words, "ok")
    except OSError as error:
        print(words, errno.errorcode[error.errno])

flags = {"r": os.O_RDONLY, "w": os.O_WRONLY, "c": os.O_CREAT, "x": os.O_EXCL, "t": os.O_TRUNC, "d": os.O_DIRECTORY}
paths = ["m", "m/.", "m/..", "m/f", "m/f/", "m/f/x", "m/none", "m/none/", "m/none/x", "m/sub", "m/sub/.", "m/sub/..",
         "m/sub/none", "m/sub/deep/g", "m/empty", "m/../own", "m/../none"]
others = ["own", "dir", "none", "m/f", "m/none", "m/sub", "m", "dir/x"]
for path in paths:
    for how in ["r", "rc", "rcx", "w", "wc", "wcx", "rt", "wt", "wct", "rd"]:
        number = 0
        for letter in how:
            number |= flags[letter]
        # What it makes would change the rest.
        if path != "m/../none":
            tell(f"open {path} {how}", lambda: os.close(os.open(path, number, 0o644)))
    tell(f"stat {path}", lambda: os.stat(path))
    if path not in ["m/../own", "m/../none"]:
        tell(f"mkdir {path}", lambda: os.mkdir(path))
        tell(f"rmdir {path}", lambda: os.rmdir(path))
        tell(f"unlink {path}", lambda: os.unlink(path))
        tell(f"utime {path}", lambda: os.utime(path, (1, 1)))
        # Which file system `..` has been left from is not modelled; both ways it is refused.
        for other in others if path != "m/.." else []:
            tell(f"rename {path} {other}", lambda: os.rename(path, other))
            tell(f"rename {other} {path}", lambda: os.rename(other, path))
PYTHON
