"""How well predicted times agree with measured ones: errors, shares, ranks.

Everything here works on two lists of positive times in the same unit, pair by pair.
"""

import math
import statistics


def errors(predicted, measured):
    """Predicted over measured, less one: 0.1 is 10 % too long."""
    return [p / m - 1 for p, m in zip(predicted, measured, strict=True)]


def median_error(predicted, measured):
    """The median of the absolute errors; None without pairs."""
    found = [abs(error) for error in errors(predicted, measured)]
    return statistics.median(found) if found else None


def share_within(predicted, measured, limit):
    """The share of pairs whose absolute error is at most `limit`; None without pairs."""
    found = [abs(error) <= limit for error in errors(predicted, measured)]
    return sum(found) / len(found) if found else None


def ranks(values):
    """The place of each value among all, from 1; equal values share the average of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    given, start = [0.0] * len(values), 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for index in order[start : end + 1]:
            given[index] = (start + end) / 2 + 1
        start = end + 1
    return given


def rank_correlation(a, b):
    """Spearman's: Pearson's correlation of the ranks; None for fewer than two pairs or where one side is all equal."""
    x, y = ranks(a), ranks(b)
    if len(x) != len(y) or len(x) < 2:
        return None
    middle = (len(x) + 1) / 2
    product = sum((p - middle) * (q - middle) for p, q in zip(x, y))
    squares = [sum((p - middle) ** 2 for p in side) for side in (x, y)]
    return product / math.sqrt(squares[0] * squares[1]) if all(squares) else None


def best_factor(predicted, measured):
    """The factor that, given to every prediction, makes the median of the absolute errors least.

    With a = predicted / measured, each error |f·a - 1| is made of straight lines in f, and so is their median. Its
    least value is at a bend: where one error is zero (f = 1/a) or two are equal (f·a - 1 = 1 - f·b). All are tried.
    """
    ratios = [p / m for p, m in zip(predicted, measured, strict=True)]
    bends = {2 / (a + b) for i, a in enumerate(ratios) for b in ratios[i:]}
    return min(bends, key=lambda f: statistics.median(abs(f * a - 1) for a in ratios)) if bends else None


def figures(predicted, measured):
    """(median error, share within 15 %, share within 30 %, rank correlation)."""
    shares = [share_within(predicted, measured, limit) for limit in (0.15, 0.30)]
    return median_error(predicted, measured), *shares, rank_correlation(predicted, measured)


def test():
    """Numbers worked out by hand."""

    def near(a, b):
        return abs(a - b) < 1e-12

    # 12 for 10 is a fifth too long, 5 for 10 is half too short, 10 for 10 is right: 0, 0.2, 0.5
    assert near(median_error([12, 5, 10], [10, 10, 10]), 0.2)
    # one of three within 15 %, two within 30 %
    assert near(share_within([12, 5, 10], [10, 10, 10], 0.15), 1 / 3)
    assert near(share_within([12, 5, 10], [10, 10, 10], 0.30), 2 / 3)
    # exactly at the limit counts: 1.5 for 2 is a quarter too short, exact in binary
    assert share_within([1.5], [2], 0.25) == 1
    # 7 is third; both 3s share places 1 and 2
    assert ranks([3, 7, 3]) == [1.5, 3, 1.5]
    assert ranks([]) == []
    # same order, though not the same numbers; the opposite order
    assert near(rank_correlation([1, 2, 3], [10, 20, 90]), 1)
    assert near(rank_correlation([1, 2, 3], [3, 2, 1]), -1)
    # ranks 1 2 3 4 against 2 1 4 3: squared differences sum to 4, 1 - 6·4 / (4·15) = 0.6
    assert near(rank_correlation([1, 2, 3, 4], [20, 10, 40, 30]), 0.6)
    # ranks 1.5 1.5 3 against 1 2 3, about 2: products 0.5 + 0 + 1, squares 1.5 and 2
    assert near(rank_correlation([5, 5, 6], [1, 2, 3]), 1.5 / math.sqrt(3))
    assert rank_correlation([1], [1]) is None and rank_correlation([1, 1], [1, 2]) is None
    # all half as long as measured: twice as long is right
    assert near(best_factor([1, 2, 5], [2, 4, 10]), 2)
    # ratios 1 and 3: |f - 1| and |3f - 1| average least where the steeper is zero, at 1/3 (errors 2/3 and 0)
    assert near(best_factor([1, 3], [1, 1]), 1 / 3)
    # ratios 1, 1, 100: the middle one counts, so the far one does not
    assert near(best_factor([1, 1, 100], [1, 1, 1]), 1)
    assert best_factor([], []) is None and median_error([], []) is None and share_within([], [], 1) is None
