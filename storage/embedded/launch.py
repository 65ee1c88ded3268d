"""Start a program that ends with its parent and does not run as root. Run by its path, by `identity.command`.

    python -I -S launch.py PARENT as-is|map|become UID GID PROGRAM ARGUMENT...

It replaces itself by the program, so the process id stays. It imports nothing of ours, to be quick.
"""

import ctypes
import os
import signal
import sys

_CLONE_NEWUSER = 0x10000000  # <linux/sched.h>
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _write(path: str, line: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib doubles the time this takes to start
        file.write(line)


def map_user(uid: int, gid: int) -> None:
    """Enter a user namespace in which the present user is called `uid` and has no power over other users' files."""
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    if _libc().unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    _write("/proc/self/setgroups", "deny")  # the kernel asks for it before a group map by an ordinary user
    _write("/proc/self/uid_map", f"{uid} {outside_uid} 1")
    _write("/proc/self/gid_map", f"{gid} {outside_gid} 1")


def become(uid: int, gid: int) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def end_with(parent: int) -> None:
    """Have the kernel send SIGQUIT (PostgreSQL: end at once, recover later) when the parent is gone."""
    if sys.platform != "linux":
        return
    _libc().prctl(_PR_SET_PDEATHSIG, int(signal.SIGQUIT), 0, 0, 0)
    if os.getppid() != parent:  # it went before we asked
        raise SystemExit(1)


def main(arguments: list[str]) -> None:
    """Do what the module says."""
    parent, how, uid, gid, *program = arguments
    if how == "map":
        map_user(int(uid), int(gid))
    elif how == "become":
        become(int(uid), int(gid))
    end_with(int(parent))  # last: the kernel forgets the wish when credentials change
    os.execv(program[0], program)  # noqa: S606 - a path of our own wheel, and no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
