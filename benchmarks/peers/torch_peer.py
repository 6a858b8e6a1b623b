"""PyTorch as the benchmark's peer: one JSON request a line on stdin, one JSON reply a line on stdout.

{"do": "hello"}                                                   versions and memory in use
{"do": "make", "name", "kind", "format", "arguments": {...}}      prepares a case
{"do": "run", "name", "part", "threads", "repeat"}                times it: {"ms": per call}
{"do": "save", "name", "path"}                                    the last result as raw float32, NCHW
{"do": "drop", "name"}                                            forgets a case
{"do": "memory"}                                                  kB in use now and at most so far
"""
import gc
import json
import sys
import time

CASES = {}
RESULTS = {}


def memory():
    with open("/proc/self/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return {"now": int(lines["VmRSS"].split()[0]), "peak": int(lines["VmHWM"].split()[0])}


def kinds():
    import cases
    import selfadapt_iteration

    return {
        "convolution": cases.Convolution, "forward": cases.Forward, "step": cases.Step,
        "iteration": selfadapt_iteration.Iteration,
    }


def hello(request):
    import torch

    kinds()
    return {"torch": torch.__version__, "mkldnn": torch.backends.mkldnn.is_available(), **memory()}


def make(request):
    import torch

    torch.manual_seed(1)
    CASES[request["name"]] = kinds()[request["kind"]](request["format"], **request["arguments"])
    return {}


def run(request):
    import torch

    if torch.get_num_threads() != request["threads"]:
        torch.set_num_threads(request["threads"])
    case, part = CASES[request["name"]], request.get("part", "")
    start = time.perf_counter()
    for _ in range(request["repeat"]):
        result = case.run(part)
    seconds = time.perf_counter() - start
    RESULTS[request["name"]] = result
    return {"ms": 1000 * seconds / request["repeat"]}


def save(request):
    RESULTS[request["name"]].contiguous().float().numpy().tofile(request["path"])
    return {}


def drop(request):
    CASES.pop(request["name"], None)
    RESULTS.pop(request["name"], None)
    gc.collect()
    return {}


def main():
    answers = {"hello": hello, "make": make, "run": run, "save": save, "drop": drop, "memory": lambda _: memory()}
    for line in sys.stdin:
        try:
            request = json.loads(line)
            reply = answers[request["do"]](request)
        except Exception as error:  # whatever it is, the benchmark is to hear of it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
