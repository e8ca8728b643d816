"""Bytes of text, by name."""

cdef enum:
    NUL = 0
    TAB = 9
    LF = 10
    CR = 13
    BLANK = 32
    QUOTE = 34  # "
    HASH = 35  # #
    PERCENT = 37  # %
    STAR = 42  # *
    PLUS = 43  # +
    COMMA = 44  # ,
    MINUS = 45  # -
    POINT = 46  # .
    SLASH = 47  # /
    ZERO = 48  # 0
    COLON = 58  # :
    SEMICOLON = 59  # ;
    LESS = 60  # <
    EQUAL = 61  # =
    MORE = 62  # >
    CAPITAL_E = 69  # E
    BACKSLASH = 92  # \
    UNDERSCORE = 95  # _
    SMALL_E = 101  # e
    BAR = 124  # |
