from gidx.kernels.arrays import Bytes, Int64s

def fill_templates(
    text: Bytes,
    bounds: Int64s,
    template_first: Int64s,
    which: Int64s,
    numbers: Int64s,
) -> Bytes: ...
