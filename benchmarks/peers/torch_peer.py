"""PyTorch as the benchmark's peer: one JSON request a line on stdin, one JSON reply a line on stdout.

{"do": "hello"}                                                   versions and memory in use
{"do": "make", "name", "kind", "format", "arguments": {...}}      prepares a case
{"do": "run", "name", "part", "threads", "repeat"}                times it: {"ms": per call}
{"do": "save", "name", "path"}                                    the last result as raw float32, NCHW
{"do": "drop", "name"}                                            forgets a case
{"do": "memory"}                                                  kB in use now and at most so far, and on the GPU
Arguments may name a device (cpu, cuda:0) and a precision (fp32, tf32: products of convolutions in TF32, bf16: the
same and autocast to BF16); cases keep them.
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
    return {"now": int(lines["VmRSS"].split()[0]), "peak": int(lines["VmHWM"].split()[0]), "cuda_peak": cuda_peak()}


def cuda_peak():
    """Most kB that tensors took on the GPU since a case was made."""
    if "torch" not in sys.modules or not sys.modules["torch"].cuda.is_available():
        return 0
    return sys.modules["torch"].cuda.max_memory_allocated() // 1024


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
    cuda = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {
        "torch": torch.__version__, "mkldnn": torch.backends.mkldnn.is_available(), "cuda": cuda, **memory()}


def make(request):
    import torch

    torch.manual_seed(1)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    CASES[request["name"]] = kinds()[request["kind"]](request["format"], **request["arguments"])
    return {}


def run(request):
    import torch

    if torch.get_num_threads() != request["threads"]:
        torch.set_num_threads(request["threads"])
    case, part = CASES[request["name"]], request.get("part", "")
    on_gpu = getattr(case, "device", "cpu") != "cpu"
    if on_gpu:
        use_precision(case.precision)
        torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(request["repeat"]):
        result = case.run(part)
    if on_gpu:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    RESULTS[request["name"]] = result
    return {"ms": 1000 * seconds / request["repeat"]}


def use_precision(precision):
    import torch

    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = precision != "fp32"


def save(request):
    RESULTS[request["name"]].detach().cpu().contiguous().float().numpy().tofile(request["path"])
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
