"""Blocks of a BGZF file read, inflated into one text, and looked through, in one call.

Segments of a file (`gidx.bgzf.lines`) are whole blocks, from a place where a line begins to one
where lines end. Each block is inflated behind the one before::

    file    ├─ block ─┼─ block ─┼─ block ─┤                 ├─ block ─┤
    text    │ text of one │ text of the next │ up to a line's end │ text …  │ \\n
              run: begin ────────────────────────────▶ stop         run

Where regions are asked for (`Ahead`), each block's last row tells where the next row is that is
wanted; what lies between is not inflated, and a segment becomes several runs.

All of it is without Python's lock, and nothing is copied from block to text: a region of a BED
takes 79 us, where it took 90 with Python between blocks, 1,000 of them a tenth less. What is rare
(a file that does not end with a line break) and all errors are the caller's, `BgzfLines`, who has
the words for them.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcpy

import numpy as np

from gidx.kernels.common cimport after, bytes_at, lower, word_of
from gidx.kernels.files cimport close, dup, pread
from gidx.kernels.inflate cimport Libdeflate, stated_size
from gidx.kernels.letters cimport TAB, LF, CR, BLANK
from gidx.kernels.lines cimport Asked, RowRules
from gidx.kernels.memory cimport give, take
from gidx.kernels.numbers cimport NO_DIGITS, parse_digits
from gidx.kernels.types cimport UNSET, i64, u8, u64

cdef enum:
    HEAD = 12  # bytes of a block's header before its subfields
    LEAST = 10  # bytes of a block behind its header: an empty deflate stream, and its tail
    MAX_BLOCK = 65536  # bytes of a block, and of its data
    MOST_READ = 1 << 21  # bytes to read at a time
    ROW = 512  # bytes of a row that hold its chrom and its start
    END = 3  # bytes behind a text: two line breaks

# Lines that follow one another in the text: from where, to where, and whether they begin within
# a line.
cdef struct Run:
    i64 begin, stop, cut

# A block, by where it begins in the text and in the file.
cdef struct Block:
    i64 place, at

# Part of a file; see `gidx.bgzf.lines.Segment`.
cdef struct Part:
    u64 begin, stop
    bint cut, opened


cdef class Ahead:
    """Where rows begin that regions of one file may still have.

    `begins`, ascending, are where those of each chrom may begin, which follow one another in
    the file. Where `spaces`, blanks part fields as tabs do.
    """

    cdef Asked asked
    cdef RowRules rules
    cdef const u64[::1] begins
    cdef bint spaces

    def __init__(self, Asked asked, RowRules rules, const u64[::1] begins, bint spaces):
        self.asked, self.rules, self.begins, self.spaces = asked, rules, begins, spaces

    cdef u64 place(self, const u8* data, i64 size, u64 block, u64 named) noexcept nogil:
        """The virtual offset before which no further row is wanted, behind a block's last.

        0: not known, since no row begins in it whole. UNSET: none is. An index may name the
        block by the first of the empty ones before it, which is `named`.
        """
        cdef i64 stop = size - 1, begin, i, column = 0, field, chrom, low, high, k
        cdef i64 last = max(self.rules.chrom, self.rules.start), start
        cdef i64 name = -1, name_end = 0, number = -1, number_end = 0
        cdef u64 here, value
        while stop >= 0 and data[stop] != LF:
            stop -= 1
        begin = stop - 1
        while begin >= 0 and data[begin] != LF:
            begin -= 1
        begin += 1
        if begin <= 0:  # the line began in the block before, or there is none
            return 0
        stop = min(stop, begin + ROW)
        i = begin
        while self.spaces and i < stop and (data[i] == BLANK or data[i] == TAB):
            i += 1
        field = i
        while i < stop and column <= last:
            if data[i] == TAB or (self.spaces and data[i] == BLANK):
                if column == self.rules.chrom:
                    name, name_end = field, i
                if column == self.rules.start:
                    number, number_end = field, i
                column += 1
                while self.spaces and i + 1 < stop and (data[i + 1] == BLANK or data[i + 1] == TAB):
                    i += 1
                field = i + 1
            i += 1
        if column <= last:
            return 0
        chrom = word_of(
            data + name, name_end - name, self.rules.names, self.rules.bounds, self.rules.slots
        )
        if chrom < 0:
            return 0  # no row, or one that is an error where it is read
        value = parse_digits(data, number, number_end)
        if value == NO_DIGITS:
            return 0
        start, here = <i64>value - self.rules.one_based, block << 16 | <u64>begin
        low, high = self.asked.first[chrom], self.asked.first[chrom + 1]
        # a row of length zero overlaps a region that ends where it lies
        k = lower(self.asked.ends, low, high, start)
        if k < high:
            return here if self.asked.starts[k] <= start else max(here, self.asked.floors[k])
        k = after(self.begins, 0, len(self.begins), named << 16 | <u64>begin)
        return self.begins[k] if k < len(self.begins) else UNSET


cdef void* _grown(void* held, i64* room, i64 wanted, i64 size) except NULL nogil:
    """Memory for so many items of a size, a half more than before where it grows."""
    cdef void* made = held
    if wanted > room[0] or held == NULL:
        wanted = max(wanted, room[0] + (room[0] >> 1), 16)
        made = realloc(held, wanted * size)
        if made == NULL:
            _no_memory()
        room[0] = wanted
    return made


cdef int _no_memory() except -1 with gil:
    raise MemoryError()


cdef class _Text:
    """A text that becomes an array."""

    cdef u8* data
    cdef Py_ssize_t size

    def __dealloc__(self):
        give(self.data)

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        buffer.buf, buffer.obj, buffer.len, buffer.itemsize = self.data, self, self.size, 1
        buffer.readonly, buffer.ndim, buffer.format = 0, 1, b"B"
        buffer.shape, buffer.strides, buffer.suboffsets = &self.size, NULL, NULL
        buffer.internal = NULL


cdef class _Gather:
    cdef object owner  # `BgzfLines`
    cdef Libdeflate library
    cdef void* decompressor
    cdef bint has_library
    cdef int fd  # -1: what is not given is read by the owner
    cdef i64 file_size, near, step, most_text, most_line
    # bytes of the file: given, or read
    cdef const u8[::1] given
    cdef const u8* window
    cdef const u8* here  # the block that was asked for
    cdef i64 offset, held, stored_room
    cdef u8* stored
    # what was found
    cdef u8* text
    cdef Run* runs
    cdef Block* blocks
    cdef i64 size, room, n_runs, runs_room, n_blocks, blocks_room

    def __dealloc__(self):
        give(self.stored)
        give(self.text)
        free(self.runs)
        free(self.blocks)
        if self.decompressor != NULL:
            self.library.release(self.decompressor)
        if self.fd >= 0:
            close(self.fd)

    # ── bytes of the file ───────────────────────────────────────────────────────────────────────

    cdef int fill(self, i64 at, i64 want) except -1 nogil:
        """Read from a block's begin on."""
        cdef i64 size = min(want, self.file_size - at), got = 0, more
        if size > self.stored_room:
            give(self.stored)
            self.stored, self.stored_room = <u8*>take(size), size
            if self.stored == NULL:
                _no_memory()
        while self.fd >= 0 and got < size:
            more = pread(self.fd, self.stored + got, size - got, at + got)
            if more <= 0:  # the owner has the words for it
                break
            got += more
        if got < size:
            self.read(at, size)
        self.window, self.offset, self.held = self.stored, at, size
        self.step = min(2 * self.step, MOST_READ)
        return 0

    cdef int read(self, i64 at, i64 size) except -1 with gil:
        cdef const u8[::1] piece = self.owner.source.read(at, size)
        memcpy(self.stored, bytes_at(piece), size)
        return 0

    cdef i64 block(self, i64 at, bint first) except -1 nogil:
        """The size of the block at a place, which is then `here`; 0 at the file's end.

        `first`: where an index may have said that one is.
        """
        cdef i64 left, length
        cdef const u8* head
        while True:
            left = self.offset + self.held - at if at >= self.offset else 0
            if left > 0:
                head = self.window + (at - self.offset)
                length = _block_size(head, left)
                if length < 0:
                    return self.odd(at, first)
                if 0 < length <= left:
                    self.here = head
                    return length
            if at + max(left, 0) >= self.file_size:
                return self.odd(at, first) if left > 0 else 0
            # what was read from here on did not do, or nothing was
            self.fill(at, max(2 * self.step, MAX_BLOCK) if at == self.offset else self.step)

    cdef i64 odd(self, i64 at, bint first) except -1 with gil:
        """A block whose header is wrong, or that is not whole: the owner says what is wrong."""
        cdef const u8[::1] piece = self.owner.odd_block(at, first)
        self.given = piece
        self.window = self.here = bytes_at(piece)
        self.offset, self.held = at, len(piece)
        return len(piece)

    # ── the text ────────────────────────────────────────────────────────────────────────────────

    cdef int make_room(self, i64 more) except -1 nogil:
        cdef i64 wanted = self.size + more + END
        cdef u8* grown
        if wanted > self.room:
            wanted = max(wanted, self.room + (self.room >> 1))
            grown = <u8*>take(wanted)
            if grown == NULL:
                _no_memory()
            if self.size:
                memcpy(grown, self.text, self.size)
            give(self.text)
            self.text, self.room = grown, wanted
        return 0

    cdef i64 inflate(self, i64 at, i64 length) except -1 nogil:
        """Add the data of the block `here`; how many bytes."""
        cdef i64 size = stated_size(self.here + length - 4)
        self.blocks = <Block*>_grown(
            self.blocks, &self.blocks_room, self.n_blocks + 1, sizeof(Block)
        )
        self.blocks[self.n_blocks].place, self.blocks[self.n_blocks].at = self.size, at
        self.n_blocks += 1
        if size <= MAX_BLOCK:
            if self.size + size > self.most_text:
                self.too_much(at)
            self.make_room(size)
        if (
            size > MAX_BLOCK
            or not self.has_library
            or not self.library.member(
                self.decompressor, self.here, length, self.text + self.size, size
            )
        ):
            size = self.inflate_slowly(at, length)
        self.size += size
        return size

    cdef i64 inflate_slowly(self, i64 at, i64 length) except -1 with gil:
        """The same by the binding's own call, which says what is wrong with a block."""
        cdef const u8[::1] made = self.owner.inflate(
            PyBytes_FromStringAndSize(<const char*>self.here, length), at
        )
        self.make_room(len(made))
        if len(made):  # of nothing, that is nowhere
            memcpy(self.text + self.size, bytes_at(made), len(made))
        return len(made)

    cdef int too_much(self, i64 at) except -1 with gil:
        raise self.owner.too_much(at)

    cdef int close_line(self) except -1 nogil:
        """A line break where the last line has none."""
        if self.size and self.text[self.size - 1] != LF:
            self.make_room(1)
            self.text[self.size] = LF
            self.size += 1
        return 0

    cdef int begin_run(self, i64 at, i64 within, bint cut, i64 text, i64 first) except -1 nogil:
        """Note a run whose blocks, from number `first` on, are at `text`."""
        cdef i64 k = first, size = 0, stop
        # the index may name an empty block before it
        while k < self.n_blocks and size == 0:
            stop = self.blocks[k + 1].place if k + 1 < self.n_blocks else self.size
            size = stop - self.blocks[k].place
            k += 1
        if within > size or (
            within > 0 and not cut and self.text[text + within - 1] != LF
        ):
            self.check_begin(at, within, text, size)
        self.runs = <Run*>_grown(self.runs, &self.runs_room, self.n_runs + 1, sizeof(Run))
        self.runs[self.n_runs].begin, self.runs[self.n_runs].cut = text + within, cut
        self.n_runs += 1
        return 0

    cdef int check_begin(self, i64 at, i64 within, i64 text, i64 size) except -1 with gil:
        piece = PyBytes_FromStringAndSize(<const char*>self.text + text, size)
        self.owner.check_begin(at, within, piece)
        return 0

    cdef int end_run(self, Part part, i64 text, i64 end) except -1 nogil:
        """Where the run ends whose data begin at `text`, and blocks end at `end` in the file."""
        cdef i64 within = part.stop & 0xFFFF, size = 0, place, last
        if part.opened:
            if part.cut and not self.has_break(text):
                # within a line that began before: no row of its own
                self.runs[self.n_runs - 1].stop = self.size
                return self.close_line()
            self.runs[self.n_runs - 1].stop = self.size + 1
            return self.read_on(end)
        place = self.size
        if self.n_blocks and self.blocks[self.n_blocks - 1].place >= text:
            place = self.blocks[self.n_blocks - 1].place
            size = self.size - place
        # it stops behind a line; at the file's end that may lack its break
        last = place + within - 1 if within else self.size - 1
        if within > size or (last >= text and self.text[last] != LF):
            self.check_stop(part.stop, size, end)
        self.runs[self.n_runs - 1].stop = place + within if within else self.size
        return self.close_line()

    cdef int check_stop(self, u64 stop, i64 size, i64 end) except -1 with gil:
        self.owner.check_stop(stop, size, end)
        return 0

    cdef bint has_break(self, i64 text) noexcept nogil:
        return self.size > text and memchr(self.text + text, LF, self.size - text) != NULL

    cdef int read_on(self, i64 at) except -1 nogil:
        """Blocks from `at` on, until one has a line break."""
        cdef i64 length, before, most = self.size + self.most_line
        while True:
            if self.size > most:
                self.too_long(at)
            length = self.block(at, False)
            if length == 0:
                break
            before = self.size
            self.inflate(at, length)
            if self.has_break(before):
                break
            at += length
        return self.close_line()

    cdef int too_long(self, i64 at) except -1 with gil:
        raise self.owner.too_long(at)

    # ── segments ────────────────────────────────────────────────────────────────────────────────

    cdef int add(self, Part part, Ahead ahead, u64* place) except -1 nogil:
        """The lines of a segment; those that are wanted, from a place on, which goes on."""
        cdef i64 last = part.stop >> 16, at, end, text, first, length, size, final, within, named
        cdef bint inside = part.stop & 0xFFFF > 0, stopped, whole, behind, cut
        cdef u64 begin
        if last > self.file_size or (
            part.stop > part.begin and <i64>(part.begin >> 16) >= self.file_size
        ):
            self.check_inside(part.begin, part.stop)
        while True:
            begin, cut = part.begin, part.cut
            if ahead is not None:
                if place[0] >= part.stop:
                    break
                if place[0] > begin:
                    begin, cut = place[0], False
            at, within = begin >> 16, begin & 0xFFFF
            text, first = self.size, self.n_blocks
            end, final, stopped, whole, named = at, last, False, True, at
            self.step = self.near
            while end < final or (inside and end == final):
                length = self.block(end, end == at)
                if length == 0:
                    break
                size = self.inflate(end, length)
                if end == final:
                    stopped = True
                    # an empty block stands for the one behind it: the place in the data is the same
                    if size == 0:
                        final = end + length
                end += length
                if ahead is not None:
                    place[0] = ahead.place(self.text + self.size - size, size, end - length, named)
                    if <i64>(place[0] >> 16) > end and (end < last or (end == last and inside)):
                        whole = False
                        break
                if size:
                    named = end
            if whole and not stopped and (end != final or inside):
                self.stale(final)
            behind = not whole or (
                ahead is not None and part.opened and place[0] > part.stop
            )
            if behind:  # the row behind the last line break is not wanted
                while self.size > self.blocks[self.n_blocks - 1].place and (
                    self.text[self.size - 1] != LF
                ):
                    self.size -= 1
            self.begin_run(at, within, cut, text, first)
            if behind:
                self.runs[self.n_runs - 1].stop = self.size
            else:
                self.end_run(part, text, end)
            if whole:
                break
        return 0

    cdef int check_inside(self, u64 begin, u64 stop) except -1 with gil:
        self.owner.check_inside(begin, stop)
        return 0

    cdef int stale(self, i64 at) except -1 with gil:
        raise self.owner.stale(at, "where no block begins")

    cdef int give(self, data, i64 at) except -1:
        """Bytes of the file from a block's begin on."""
        self.given = data
        self.window, self.offset, self.held = bytes_at(self.given), at, len(self.given)
        return 0

    cdef tuple found(self):
        cdef bint returns = False
        cdef i64 k
        cdef i64[::1] bounds
        cdef _Text text = _Text.__new__(_Text)
        self.make_room(1)
        # a line break more, so that kernels may look one byte ahead
        self.text[self.size] = LF
        self.size += 1
        with nogil:
            returns = memchr(self.text, CR, self.size) != NULL
        text.data, text.size, self.text = self.text, self.size, NULL
        made = np.empty(2 * self.n_runs + 2 * self.n_blocks, np.int64)
        cut = np.empty(self.n_runs, np.bool_)
        bounds = made
        cdef u8[::1] cuts = cut.view(np.uint8)
        for k in range(self.n_runs):
            bounds[k], bounds[self.n_runs + k] = self.runs[k].begin, self.runs[k].stop
            cuts[k] = self.runs[k].cut
        if self.n_blocks:
            memcpy(&bounds[2 * self.n_runs], self.blocks, self.n_blocks * sizeof(Block))
        k = self.n_runs
        return (
            np.frombuffer(text, np.uint8), made[:k], made[k : 2 * k], cut,
            made[2 * k :].reshape(self.n_blocks, 2), returns,
        )


cdef inline i64 _block_size(const u8* head, i64 left) noexcept nogil:
    """The size of a block, by its subfield BC, of whose bytes so many are at hand.

    0: these do not tell; -1: no block begins there. See SAM v1, section 4.1.
    """
    cdef i64 at = HEAD, end, length, size
    if left < HEAD:
        return 0
    if head[0] != 31 or head[1] != 139 or head[2] != 8 or head[3] != 4:
        return -1
    end = HEAD + (head[10] | <i64>head[11] << 8)
    while at + 4 <= min(end, left):
        length = head[at + 2] | <i64>head[at + 3] << 8
        if head[at] == 66 and head[at + 1] == 67 and length == 2 and at + 6 <= left:
            size = (head[at + 4] | <i64>head[at + 5] << 8) + 1
            return size if size >= end + LEAST else -1
        at += 4 + length
    return 0 if end > left else -1


def gather(
    owner, int fd, i64 file_size, Libdeflate library, list segments, read, Ahead ahead, i64 near,
    i64 room, limits,
):
    """The text of segments (`gidx.bgzf.lines.Text`), and whether it has carriage returns.

    `segments` are (begin, stop, cut, open, data); bytes of those without data are `read`, one
    after the other, or read from `fd`, or by `owner.source`, from `near` bytes on. The text begins
    with `room` for so many bytes; `limits` are the most that it has, and that a line has.
    """
    cdef i64 k, n = len(segments)
    cdef u64 place = 0
    cdef Part part
    cdef _Gather made = _Gather.__new__(_Gather)
    made.owner, made.file_size, made.near, made.fd = owner, file_size, near, -1
    made.most_text, made.most_line = limits
    made.offset = -1
    made.has_library = library is not None
    if made.has_library:
        made.library, made.decompressor = library, library.alloc()
        made.has_library = made.decompressor != NULL
    if fd >= 0:
        made.fd = dup(fd)  # so that it stays this file, whoever closes it meanwhile
    made.make_room(room)
    cdef Part* parts = <Part*>malloc(max(n, 1) * sizeof(Part))
    if parts == NULL:
        raise MemoryError()
    cdef bint given = read is not None
    try:
        for k in range(n):
            begin, stop, cut, opened, data = segments[k]
            parts[k].begin, parts[k].stop = begin, stop
            parts[k].cut, parts[k].opened = cut, opened
            given = given or data is not None
        with nogil:
            for k in range(n):
                if given:
                    with gil:
                        data = segments[k][4]
                        made.give(next(read) if data is None else data, parts[k].begin >> 16)
                made.add(parts[k], ahead, &place)
    finally:
        free(parts)
    return made.found()
