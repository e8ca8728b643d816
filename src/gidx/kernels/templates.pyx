"""Text out of templates: pieces that are always the same, with numbers between them."""

import numpy as np

from gidx.kernels.common cimport magnitude, n_digits
from gidx.kernels.letters cimport MINUS, ZERO
from gidx.kernels.types cimport i64, u8, u64

cdef enum:  # characters of an int64
    WIDEST = 20


def fill_templates(
    const u8[::1] text, const i64[::1] bounds, const i64[::1] template_first, const i64[::1] which,
    const i64[::1] numbers,
):
    """Pieces of text with numbers between them, one template after the other.

    Template t is the pieces `template_first[t]` up to `template_first[t + 1]`, piece p is
    `text[bounds[p] : bounds[p + 1]]`; a number comes behind each piece but a template's last.
    """
    cdef i64 at = 0, n = 0, size = 0, i, p, q, k, value, digits
    cdef u64 rest
    cdef u8[::1] out
    for i in range(len(which)):
        p, q = template_first[which[i]], template_first[which[i] + 1]
        size += bounds[q] - bounds[p] + WIDEST * (q - p)
    out = np.empty(size, np.uint8)
    with nogil:
        for i in range(len(which)):
            for p in range(template_first[which[i]], template_first[which[i] + 1]):
                for k in range(bounds[p], bounds[p + 1]):
                    out[at] = text[k]
                    at += 1
                if p + 1 == template_first[which[i] + 1]:
                    continue
                value = numbers[n]
                n += 1
                if value < 0:
                    out[at] = MINUS
                    at += 1
                rest = magnitude(value)
                digits = n_digits(rest)
                for k in range(at + digits - 1, at - 1, -1):
                    out[k] = <u8>(ZERO + rest % 10)
                    rest //= 10
                at += digits
    return out.base[:at]
