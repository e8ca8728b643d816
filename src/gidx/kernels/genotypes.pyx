"""Genotypes to counts of alternate alleles, for `gidx.frames.nested`.

    genotype   [/|] allele ([/|] allele)*        count: alleles that are not 0
    allele     digits | .                        -1 where one is .

Source: the VCF specifications 4.0 to 4.5, GT; the leading indicator of phase is 4.4's.
`oldk.vcf` reads the same texts into alleles, and is as lenient. A shortcut for
``d/d``, which gains a third there, gains 5 % here (20 M genotypes, 0.33 s), so there is none.
"""

from gidx.kernels.letters cimport POINT, SLASH, ZERO, BAR
from gidx.kernels.types cimport i8, i64, u8

cdef enum:  # of int8
    MOST = 127


cdef i64 _count_texts(
    const i64[::1] offsets, const u8[::1] data, const u8[::1] there, const i64[::1] rows,
    i8[:, ::1] out,
) noexcept nogil:
    cdef i64 k, width, a, n, r, row, j, b, count
    width = out.shape[1]
    n = len(offsets) - 1
    k = 0
    for r in range(n // width if width else 0):
        row = rows[r]
        for j in range(width):
            if len(there) == 0 or there[k]:
                a, b = offsets[k], offsets[k + 1]
                count = _count(data, a, b)
                if count < -1:
                    return k
                out[row, j] = count
            k += 1
    return -1


def count_texts(
    const i64[::1] offsets, const u8[::1] data, const u8[::1] there, const i64[::1] rows,
    i8[:, ::1] out,
):
    """Count in the texts of some rows: text k is sample k % width of `rows[k // width]`.

    `there` is empty where no text is missing; a missing one leaves -1. Returns the first
    k that is no genotype, else -1.
    """
    cdef i64 found
    with nogil:
        found = _count_texts(offsets, data, there, rows, out)
    return found


cdef inline i64 _count(const u8[::1] data, i64 a, i64 b) noexcept nogil:
    """The count of one text; -1 where an allele is missing, -2 where it is no genotype."""
    cdef bint missing, nonzero
    cdef i64 count, first
    if a < b and (data[a] == SLASH or data[a] == BAR):
        a += 1
    count, missing = 0, False
    while True:
        if a < b and data[a] == POINT:
            missing = True
            a += 1
        else:
            first, nonzero = a, False
            while a < b and <u8>(data[a] - ZERO) <= 9:
                nonzero |= data[a] != ZERO
                a += 1
            if a == first:
                return -2
            count += nonzero
        if a == b:
            break
        if data[a] != SLASH and data[a] != BAR:
            return -2
        a += 1
    if missing:
        return -1
    return count if count <= MOST else -2


cdef i64 _count_alleles(
    const i64[::1] offsets, const i8[::1] alleles, const i64[::1] rows, i8[:, ::1] out,
) noexcept nogil:
    cdef bint missing
    cdef i64 a, width, n, k, r, row, j, b, count, i
    width = out.shape[1]
    n = len(offsets) - 1
    k = 0
    for r in range(n // width if width else 0):
        row = rows[r]
        for j in range(width):
            a, b = offsets[k], offsets[k + 1]
            count, missing = 0, a == b
            for i in range(a, b):
                count += alleles[i] > 0
                missing |= alleles[i] < 0
            if count > MOST:
                return k
            if not missing:
                out[row, j] = count
            k += 1
    return -1


def count_alleles(
    const i64[::1] offsets, const i8[::1] alleles, const i64[::1] rows, i8[:, ::1] out,
):
    """Count in lists of alleles, which are negative where one is missing; as `count_texts`.

    A list without alleles, which is what a missing one has, leaves -1.
    """
    cdef i64 found
    with nogil:
        found = _count_alleles(offsets, alleles, rows, out)
    return found
