"""Frames in memory: what `DataFrame.gidx` does, a module for each kind of question.

frame ─roles─▶ chrom, start, end ─positions─▶ arrays ─index─▶ Intervals (numpy, kernels)
─query, join, nearest─▶ row numbers ─take─▶ frame
"""
