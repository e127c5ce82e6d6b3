"""drgn: a line for each thread."""
from drgn.helpers.linux.pid import for_each_task

for task in for_each_task(prog):        # noqa: F821: drgn sets prog
    print(task.pid.value_(), repr(task.comm.string_()), flush=True)
