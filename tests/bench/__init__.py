"""Benchmarks: what the targets are about, as ratios within one run.

``python -m tests.bench [NAMES]`` prints one line per figure: name, figure, ratio and what it is measured against,
target, and ``ok`` or ``MISSED``. The machine's speed drifts, so everything that is compared is measured in interleaved
rounds of the same run, and medians are told. These are never timed tests; `test_bench` only proves that they work.
"""
