"""The bbi container that bigBed and bigWig share, one on-disk structure a module.

    header          common header, zoom headers, total summary, extended header
    bplus_tree      chromosome names to ids and sizes; extra indexes
    range_tree      genomic ranges to data blocks
    blocks          data blocks: inflate, deflate
    record          a bigBed's row in a block
    section         a bigWig's runs of a value in a block
    zoom            zoom levels: reading, reducing, writing
    write           the parts put together into a file

Containers know bytes; what a record means is the format's to say.

Source: W. J. Kent, A. S. Zweig, G. Barber, A. S. Hinrichs, D. Karolchik, BigWig and
BigBed: enabling browsing of large distributed datasets, Bioinformatics 26(17),
2010, supplementary tables 5 to 17.
"""
