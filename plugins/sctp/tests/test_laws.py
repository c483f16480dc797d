"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.sctp import CHUNK_NAMES, Association, chunk, init
from ctcore.testing.suite import L4ProtoSuite
from ctcore_sctp.header import CHUNK, INIT_HEADER, SCTP

TALK = Association()
KINDS = st.one_of(st.sampled_from(sorted(CHUNK_NAMES)), st.integers(0, 255))
TAGS = st.sampled_from([0, 0xAAAA, 0xBBBB, 5])

chunks = st.one_of(
    st.builds(chunk, KINDS, st.binary(max_size=20), st.integers(0, 1), st.one_of(st.none(), st.integers(0, 40))),
    st.builds(init, TAGS, st.sampled_from([1, 2])),
)


class TestSctp(L4ProtoSuite):
    name = "sctp"
    examples = 100
    header = SCTP
    more_headers = (CHUNK, INIT_HEADER)
    conversation = TALK.opening()
    packets = st.builds(
        lambda side, vtag, some, check: TALK.send(side, *some, vtag=vtag, check=check),
        st.integers(0, 1),
        TAGS,
        st.lists(chunks, max_size=3),
        st.one_of(st.none(), st.none(), st.none(), st.integers(0, 2**32 - 1)),
    )
