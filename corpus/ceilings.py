"""Compare weigh's ceilings of this machine with NumPy's SGEMM and with STREAM, turn by turn.

Usage: ceilings.py FOLDER

A peak of arithmetic below what a library attains, or a triad that is not within 10 % of STREAM's, fails. The best of all
turns counts, as a ceiling is what can be attained. STREAM is compiled here after the rules of its version 5.10 (McCalpin;
ordinary stores, best of ten passes); likwid-bench (Debian's package likwid) runs too where it is installed. Not part of
the usual run: it needs a machine that does nothing else.
"""

import collections
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

import harness

ROUNDS, TURNS, WITHIN = 3, 2, 0.10
THREADS = len(os.sched_getaffinity(0))

SGEMM = """
import sys, time, numpy
n = int(sys.argv[1])
a, b = (numpy.random.default_rng(seed).random((n, n), numpy.float32) for seed in (1, 2))
out, best = numpy.empty((n, n), numpy.float32), float("inf")
for _ in range(5):
    start = time.perf_counter()
    numpy.matmul(a, b, out=out)
    best = min(best, time.perf_counter() - start)
print(2 * n**3 / best)
"""

TRIAD = r"""
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const long n = atol(argv[1]);
    double *restrict a = malloc(n * sizeof(double)), *restrict b = malloc(n * sizeof(double));
    double *restrict c = malloc(n * sizeof(double)), best = 0;
    if (argc < 2 || !a || !b || !c) return 1;
    #pragma omp parallel for
    for (long i = 0; i < n; i++) { a[i] = 1.0; b[i] = 2.0; c[i] = 0.5; }
    for (int pass = 0; pass < 10; pass++) {
        double start = omp_get_wtime();
        #pragma omp parallel for
        for (long i = 0; i < n; i++) a[i] = b[i] + 3.0 * c[i];
        double rate = 24.0 * n / (omp_get_wtime() - start);
        /* The first pass does not count. */
        if (pass > 0 && rate > best) best = rate;
    }
    if (a[n / 2] != 3.5) return 1;
    printf("%.0f\n", best);
    return 0;
}
"""


def output(*command, **environment):
    """What a command prints; settings that hold OpenBLAS to kernels for other processors are taken away."""
    settings = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    done = subprocess.run(
        [*map(str, command)], env=settings | environment, capture_output=True, text=True, check=True, timeout=300
    )
    return done.stdout


def ceilings():
    binary = os.environ.get("CEILINGS")
    built = pathlib.Path(__file__).parent.parent / "target/release/examples/ceilings"
    return json.loads(output(binary or built, TURNS))


def sgemm(threads):
    size = 3072 if threads < 8 else 6144
    return float(output(sys.executable, "-c", SGEMM, size, OPENBLAS_NUM_THREADS=str(threads)))


def compile_triad(folder):
    source, binary = folder / "triad.c", folder / "triad"
    source.write_text(TRIAD)
    output("gcc", "-O3", "-march=native", "-fopenmp", source, "-o", binary)
    return binary


def stream(binary, elements):
    return float(output(binary, elements, OMP_NUM_THREADS=str(THREADS), OMP_PROC_BIND="true"))


def likwid(kernel, size):
    printed = output("likwid-bench", "-t", kernel, "-w", f"S0:{size >> 20}MB:{THREADS}", "-i", 10)
    return float(re.search(r"MByte/s:\s*([\d.]+)", printed)[1]) * 1e6


def main():
    args = harness.arguments(__doc__, "folder")
    args.folder.mkdir(parents=True, exist_ok=True)
    triad = compile_triad(args.folder)
    flags = pathlib.Path("/proc/cpuinfo").read_text() if platform.machine() == "x86_64" else ""
    kernel = "stream_avx512" if "avx512f" in flags else "stream_avx" if " avx " in flags else "stream"
    best, size = collections.defaultdict(float), 0

    def keep(name, rate):
        best[name] = max(best[name], rate)

    counts = sorted({1, THREADS})
    for turn in range(ROUNDS):
        found = ceilings()
        for threads in counts:
            peaks = [p["flops_per_s"] for p in found["peaks"] if (p["dtype"], p["threads"]) == ("float32", threads)]
            keep(("weigh", "float32", threads), max(peaks))
            keep(("SGEMM", "float32", threads), sgemm(threads))
        rows = [
            row
            for row in found["bandwidth"]
            if (row["level"], row["kind"], row["threads"]) == ("DRAM", "triad", THREADS)
        ]
        keep(("weigh", "triad", THREADS), rows[0]["bytes_per_s"])
        # likwid-bench tells the mean of its passes, so the middle turn stands beside it.
        keep(("weigh", "median", THREADS), rows[0]["median_bytes_per_s"])
        size = rows[0]["working_set_bytes"] * THREADS
        keep(("STREAM, gcc -O3", "triad", THREADS), stream(triad, size // 24))
        if shutil.which("likwid-bench"):
            keep((f"likwid {kernel}", "median", THREADS), likwid(kernel, size))
        print(f"turn {turn + 1} of {ROUNDS}", file=sys.stderr, flush=True)

    fingerprint = found["fingerprint"]
    print(f"{fingerprint['cpu']}, {fingerprint['cores']} processors, {', '.join(fingerprint['features'])}")
    print(f"SGEMM: NumPy with OpenBLAS; triads over {size / 2**20:,.0f} MiB in all; best of {ROUNDS} turns")
    tally = harness.Tally(("what", 8), ("threads", -7), ("weigh", -8), ("other", -8), ("", 22), ("ratio", -6), ("", 6))
    for (name, what, threads), rate in best.items():
        if name == "weigh":
            continue
        ours = best["weigh", what, threads]
        ratio = ours / rate
        right = ratio >= 1 if what == "float32" else abs(ratio - 1) <= WITHIN
        mark = tally.check(name, f"{what}, threads {threads}", right, f"{ratio:.3f}")
        tally.line(what, threads, f"{ours / 1e9:.1f} G", f"{rate / 1e9:.1f} G", name, f"{ratio:.3f}", mark)
    tally.close()


if __name__ == "__main__":
    main()
