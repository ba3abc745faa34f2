"""What keeps the guard quick, where the machine allows it: no garbage collection, real-time priority, memory that is
never paged out. All of it is a gift, none of it a need: what is refused is told, never fatal."""

import gc
import os

PRIORITY = 50

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


def prepare() -> list[str]:
    """Do all of it; call when everything is set up. Returns one sentence for each thing that was refused.

    Without a collector a reference cycle is never freed, so the guard's loop must not make any.
    """
    gc.collect()
    gc.disable()
    gc.freeze()
    return [sentence for sentence in (_first_served(), _locked()) if sentence]


def _first_served() -> str:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        return f"no real-time priority ({error.strerror}); it needs CAP_SYS_NICE"
    return ""


def _locked() -> str:
    try:
        import ctypes
    except ImportError as error:
        return f"memory is not locked ({error})"
    # ONFAULT locks what is used, not all that is mapped: a third of the memory.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT):
        return f"memory is not locked ({os.strerror(ctypes.get_errno())}); it needs CAP_IPC_LOCK or LimitMEMLOCK"
    return ""
