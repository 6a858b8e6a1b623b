"""scikit-learn's random forest on the features of the benchmark: seconds, and how good its probabilities are.

Usage: python3 forest.py FOLDER THREADS ROUNDS SEEDS
FOLDER holds NAME.npy of [columns, pixels] float32 and NAME_truth.npy of int32 for NAME in strokes, dense, image and judged.
Prints one line of JSON: medians of ROUNDS fits and predictions in s; per seed the log loss and accuracy on judged.
"""
import json
import statistics
import sys
import time

if len(sys.argv) != 5:
    sys.exit(__doc__)

try:
    import numpy as np
    import sklearn
    from sklearn.ensemble import RandomForestClassifier
except ImportError as error:
    sys.exit(f"forest.py: {error}. Install scikit-learn.")

folder, threads, rounds, seeds = sys.argv[1], *map(int, sys.argv[2:])


def load(name):
    return np.ascontiguousarray(np.load(f"{folder}/{name}.npy").T), np.load(f"{folder}/{name}_truth.npy")


def grow(pixels, seed):
    return RandomForestClassifier(n_estimators=100, n_jobs=threads, random_state=seed).fit(*pixels)


def median(action):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


result = {"version": sklearn.__version__}
image, (judged, truth) = load("image")[0], load("judged")
for name in "strokes", "dense":
    pixels = load(name)
    forest = grow(pixels, 0)
    result[name] = {"fit": median(lambda: grow(pixels, 0)), "predict": median(lambda: forest.predict_proba(image)), "quality": []}
    for seed in range(seeds):
        p = np.clip(grow(pixels, seed).predict_proba(judged)[:, 1], 0.005, 0.995)
        loss = -np.mean(np.where(truth > 0, np.log(p), np.log(1 - p)))
        result[name]["quality"].append([float(loss), float(np.mean((p > 0.5) == (truth > 0)))])
print(json.dumps(result))
