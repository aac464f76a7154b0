"""A folder → the state of a library in it after the process that made it was stopped: `python -m tests.unit.interrupted
KIND FOLDER`.

Each case runs in a forked child. So this module runs as a process of its own, without threads, and never opens a
library before it forks. It prints how many cases were tried, and fails with a traceback when one broke a promise: a
library that was begun can be read (it holds a script whole or not at all) and written; in a folder that can't be
written, it can be read and says L0103.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from runtime.bytecode.codec import encode, module_hash
from runtime.bytecode.module import Effects, Module, Signature
from runtime.bytecode.opcodes import BY_NAME
from runtime.config import LIBRARY_FILE
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.values.constants import Const
from runtime.values.types import NULL

TRACE_ME, SYSCALL, SET_OPTIONS, EXIT_KILL = 0, 24, 0x4200, 1 << 20
NOBODY = 65534
TOGETHER = 6
ROUNDS = 25
REFUSED = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def store(home: Path, name: str) -> None:
    """Put a script that returns at once."""
    code = BY_NAME["RETURN"].number.to_bytes(4, "little")
    module = Module(Signature(name, (), NULL, None, ("main",)), Effects(), 0, code, constants=(Const(None, NULL),))
    with Library.open(home) as library:
        library.put(encode(module), module_hash(module), name)


def child(work: Callable[[], None], *codes: str) -> int:
    """The process id of a child that does the work; it ends with 0, or with REFUSED for an error with such a code."""
    process = os.fork()
    if process:
        return process
    try:
        work()
    except SopError as error:
        if error.code in codes:
            os._exit(REFUSED)
        traceback.print_exc()
    except BaseException:
        traceback.print_exc()
    else:
        os._exit(0)
    os._exit(99)


def ended(process: int) -> int:
    """Its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def ptrace(request: int, process: int = 0, data: int = 0) -> None:
    if _LIBC.ptrace(ctypes.c_long(request), ctypes.c_long(process), ctypes.c_void_p(0), ctypes.c_void_p(data)) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def killed_after(work: Callable[[], None], stops: int) -> bool:
    """Whether a child lived through so many entries and exits of system calls; it is killed at the last."""

    def traced() -> None:
        ptrace(TRACE_ME)
        os.kill(os.getpid(), signal.SIGSTOP)
        work()

    process = child(traced)
    os.waitpid(process, 0)
    ptrace(SET_OPTIONS, process, EXIT_KILL)
    for _ in range(stops):
        ptrace(SYSCALL, process)
        _, status = os.waitpid(process, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return False
    os.kill(process, signal.SIGKILL)
    assert ended(process) == -signal.SIGKILL
    return True


class States:
    """Holds the states that cases left behind to the promises, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: set[str] = set()

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def fresh(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def check(self) -> None:
        home, path = self.home, self.home / LIBRARY_FILE
        state = "none" if not path.exists() else f"{home.stat().st_mode} {sha256(path.read_bytes()).hexdigest()}"
        if state not in self.seen:
            self.seen.add(state)
            assert ended(child(lambda: self.read_only(home), "L0103")) == REFUSED, state
            assert ended(child(lambda: self.goes_on(home))) == 0, state

    def read_only(self, home: Path) -> None:
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        if home.exists():
            shutil.copytree(home, copy)
        else:
            copy.mkdir()
        for path in (*copy.iterdir(), copy):
            path.chmod(0o555 if path.is_dir() else 0o444)
        here = os.open(copy, os.O_RDONLY)
        os.fchdir(here)
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        with Library.open(Path()) as library:
            assert library.names() in ([], ["first"])
        store(Path(), "second")

    def goes_on(self, home: Path) -> None:
        with Library.open(home) as library:
            before = library.names()
        assert before in ([], ["first"])
        store(home, "second")
        with Library.open(home) as library:
            assert library.names() == [*before, "second"]
            assert all(library.load(library.resolve(name).hash) for name in library.names())


def kills(states: States) -> int:
    """A kill at every system call of a first write."""
    stops = 0
    while True:
        states.fresh()
        lived = not killed_after(lambda: store(states.home, "first"), stops)
        states.check()
        if lived:
            return stops
        stops += 1


def sizes() -> Iterator[int]:
    """Sizes of a file around all that LMDB writes: heads, pages of the first commit, the lock file."""
    for page in (0, 4096, 8192, 12288, 16384, 20480, 24576, 131072, 135168):
        yield from (max(0, page - 1), page, page + 1, page + 40)


def file_limits(states: States) -> int:
    """A first write under `ulimit -f`."""

    def limited(limit: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        store(states.home, "first")

    return limits(states, sizes(), limited, "L0104")


def memory_limits(states: States) -> int:
    """A first write under `ulimit -v`, from no address to spare to enough for a small map."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

    def limited(spare: int) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (used + spare, used + spare))
        store(states.home, "first")

    return limits(states, (size << 18 for size in range(0, 160, 4)), limited, "L0106")


def limits(states: States, values: Iterator[int], limited: Callable[[int], None], code: str) -> int:
    tried = refused = 0
    for value in values:
        states.fresh()
        result = ended(child(partial(limited, value), code))
        assert result in (0, REFUSED), (value, result)
        states.check()
        tried += 1
        refused += result
    assert 0 < refused < tried, "the limits are all too small or all too large"
    return tried


def full_disks(states: States) -> int:
    """A first write on file systems of every size up to the first that is large enough; then they grow. Needs a mount
    namespace of its own."""
    disk = states.folder / "disk"
    disk.mkdir()
    for pages in range(1, 100):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={4 * pages}k", "tmpfs", str(disk)], check=True)
        result = ended(child(lambda: store(disk / "home", "first"), "L0104"))
        assert result in (0, REFUSED), (pages, result)
        assert ended(child(lambda: readable(disk / "home"))) == 0, pages
        subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
        assert ended(child(lambda: states.goes_on(disk / "home"))) == 0, pages
        assert ended(child(partial(grows_within_one_process, disk, pages))) == 0, pages
        subprocess.run(["umount", str(disk)], check=True)
        if result == 0:
            return pages
    raise AssertionError("no disk was large enough")


def readable(home: Path) -> None:
    with Library.open(home) as library:
        assert library.names() in ([], ["first"])


def grows_within_one_process(disk: Path, pages: int) -> None:
    """A library that met a full disk goes on once there is room, without being opened anew."""
    home = disk / "another"
    library = Library.open(home)
    used = sum(path.stat().st_blocks * 512 for path in disk.rglob("*"))
    subprocess.run(["mount", "-o", f"remount,size={used + 4096 * pages}", str(disk)], check=True)
    try:
        library.environment.share()
        library.cache_statement(b"k", bytes(1 << 16))
    except SopError as error:
        assert error.code == "L0104", error
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
    library.cache_statement(b"k", b"v")
    assert library.cached_statement(b"k") == b"v"


def together(states: States) -> int:
    """Several processes make one library at once; all of them keep what they store."""
    wait, go = 0, 0

    def work(number: int) -> None:
        os.close(go)
        os.read(wait, 1)  # comes back when the parent closes the other end
        store(states.home, f"script_{number}")

    def whole() -> None:
        with Library.open(states.home) as library:
            assert library.names() == [f"script_{number}" for number in range(TOGETHER)]

    for _ in range(ROUNDS):
        states.fresh()
        wait, go = os.pipe()
        processes = [child(partial(work, number)) for number in range(TOGETHER)]
        os.close(wait)
        os.close(go)
        assert [ended(process) for process in processes] == [0] * TOGETHER
        assert ended(child(whole)) == 0
    return ROUNDS


KINDS: dict[str, Callable[[States], int]] = {
    "kills": kills,
    "file_limits": file_limits,
    "memory_limits": memory_limits,
    "full_disks": full_disks,
    "together": together,
}


if __name__ == "__main__":
    import difflib  # noqa: F401  what is imported on use is here before a limit or a change of user

    import lmdb

    lmdb.open(str(Path(sys.argv[2]) / "warm-up"), subdir=False).close()
    found = States(Path(sys.argv[2]))
    print(KINDS[sys.argv[1]](found), len(found.seen))
