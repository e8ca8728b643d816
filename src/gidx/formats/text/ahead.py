"""How far a query has to read on: told by the last row of each block.

tabix merges small bins into their parents, so that a chunk goes on long behind the region:
20 kb of a BED6 lie in one or two blocks, its chunks in seven on average. Rows are sorted, so
behind a row that starts past the region there is none of it, as htslib has it (tbx_itr_next).
Of several regions, the next one may begin later in the file: the index says before where not
(`Scheme.floors`), and what lies between is not inflated.

300 regions of 20 kb in a BED6 of 1.2 M rows: 1.14 blocks each instead of 3.8, 0.34 ms
instead of 0.60; to look at a block's last row takes 2 us, to inflate one 60.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gidx.ground.region import RegionSet
from gidx.kernels import gather
from gidx.kernels.lines import Asked, RowRules


class Ahead:
    """The regions of a query, and where rows begin that they may still have, for kernels."""

    def __init__(
        self,
        regions: RegionSet,
        floors: npt.NDArray[np.uint64],
        rules: RowRules,
        *,
        spaces: bool,
    ) -> None:
        self.regions = regions
        self.asked = Asked(regions.first, regions.start, regions.end, floors)
        # where each chrom's regions may begin: chroms follow one another in the file
        begins = floors
        if len(floors) > 1:
            chroms = np.flatnonzero(np.diff(regions.first))
            begins = np.sort(floors[regions.first[chroms]])
        self.behind = gather.Ahead(self.asked, rules, begins, spaces)
