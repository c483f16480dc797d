"""The running kernel as the judge: replay packets through its nf_conntrack, compare with ctcore.

Needs Linux, root and the extra ``ctcore[kernel]``; nothing else in ctcore imports this package.
"""
