"""Text out of templates: pieces that are always the same, with numbers between them."""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import kernel

MINUS, ZERO, TEN = np.uint8(45), np.uint8(48), np.uint64(10)
WIDEST = 20  # characters of an int64


@kernel
def fill_templates(text, bounds, template_first, which, numbers):
    """Pieces of text with numbers between them, one template after the other.

    Template t is the pieces `template_first[t]` up to `template_first[t + 1]`, piece p is
    `text[bounds[p] : bounds[p + 1]]`; a number comes behind each piece but a template's last.
    """
    digits = np.empty(WIDEST, np.uint8)
    out, at = np.empty(max(64, len(which) * 64), np.uint8), 0
    n = 0
    for i in range(len(which)):
        p, end = template_first[which[i]], template_first[which[i] + 1]
        need = at + bounds[end] - bounds[p] + WIDEST * (end - p)
        if need > len(out):
            more = np.empty(2 * need, np.uint8)
            more[:at] = out[:at]
            out = more
        for q in range(p, end):
            for k in range(bounds[q], bounds[q + 1]):
                out[at] = text[k]
                at += 1
            if q + 1 < end:
                value = numbers[n]
                n += 1
                if value < 0:
                    out[at] = MINUS
                    at += 1
                size = np.uint64(0) - np.uint64(value) if value < 0 else np.uint64(value)
                k = WIDEST
                while True:
                    k -= 1
                    digits[k] = np.uint8(size % TEN) + ZERO
                    size //= TEN
                    if size == np.uint64(0):
                        break
                while k < WIDEST:
                    out[at] = digits[k]
                    at += 1
                    k += 1
    return out[:at]
