"""The fuzzer: packets made from a seed, fed to the running kernel and to ctcore, compared in every field.

``python -m ctcore.verify.fuzz --profile tcp --packets 20000 --seed 7`` is the command; it needs root. A round
is a few hundred packets in a namespace of their own; the same seed makes the same rounds. The first difference
of a round is shrunk to the fewest packets and printed as a test case.
"""
