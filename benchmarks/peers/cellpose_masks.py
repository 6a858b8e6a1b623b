"""Times Cellpose 3.1's way from network outputs to masks on the CPU, one round per line of input.

Usage: python3 cellpose_masks.py FIELD.npy THREADS
FIELD.npy holds [3, height, width] float32: row flow, column flow, logit. `cellpose` must be importable (PYTHONPATH).
After two warm-up rounds it prints {"ready": ...}. Then it reads commands, one a line, and answers each with a line of
JSON: "round" runs once; "save PATH" writes the last masks as int32 .npy. It ends with its input.
"""
import json
import sys
import time

if len(sys.argv) != 3:
    sys.exit(__doc__)

try:
    import numpy as np
    import torch
    from cellpose import dynamics, utils
    from cellpose.version import version
except ImportError as error:
    sys.exit(f"cellpose_masks.py: {error}. Put Cellpose 3.1 and what it needs on PYTHONPATH.")

STAGES = {
    "follow": (dynamics, "follow_flows"),
    "label": (dynamics, "get_masks_torch"),
    "errors": (dynamics, "remove_bad_flow_masks"),
    "cleanup": (utils, "fill_holes_and_remove_small_masks"),
}
spent = {}


def timed(stage, function):
    """The same function, which also notes how long it took."""
    def call(*args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        spent[stage] = spent.get(stage, 0) + 1000 * (time.perf_counter() - start)
        return result
    return call


def run(field):
    """One timed run: (milliseconds, masks)."""
    # Every round gets its own copy, made outside the clock, so that no round can change the next one's input.
    flow, logit = field[:2].copy(), field[2].copy()
    spent.clear()
    start = time.perf_counter()
    masks = dynamics.resize_and_compute_masks(flow, logit, niter=200, device=torch.device("cpu"))
    return 1000 * (time.perf_counter() - start), masks


def say(**fields):
    print(json.dumps(fields), flush=True)


def main():
    torch.set_num_threads(int(sys.argv[2]))
    field = np.load(sys.argv[1])
    for stage, (module, name) in STAGES.items():
        setattr(module, name, timed(stage, getattr(module, name)))
    run(field)
    _, masks = run(field)
    say(ready=True, cellpose=version, torch=torch.__version__, numpy=np.__version__)
    for line in sys.stdin:
        command, _, path = line.strip().partition(" ")
        if command == "round":
            milliseconds, masks = run(field)
            say(ms=milliseconds, cells=int(masks.max()), **spent)
        elif command == "save":
            np.save(path, masks.astype(np.int32))
            say(saved=path)


main()
