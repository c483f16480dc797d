"""What helpers of questions to a whole network have in common: any host of the network may answer."""

from __future__ import annotations

from ctcore.announce import expect, help_data
from ctcore.common import IP_CT_IS_REPLY, ORIGINAL, REPLY
from ctcore.conn import Conn
from ctcore.expect import ExpectError, ExpectFlag
from ctcore.packet import Packet


def expect_answers(pkt: Packet, ct: Conn, ctinfo: int, timeout: int) -> None:
    """Expect answers to a broadcast that the host itself sends, from the helper's port of every host of the network.

    The flow lives for ``timeout`` (nanoseconds) from then on. Broadcasts of other hosts, and those to a network that no
    interface has, announce nothing.
    """
    question = ct.tuple(ORIGINAL)
    mask = pkt.l3.broadcasts.get(question.dst)
    if not pkt.own or ctinfo >= IP_CT_IS_REPLY or mask is None:
        return
    answer = ct.tuple(REPLY)
    port = help_data(ct).helper.port
    exp = expect(ct, answer.src, answer.dst, answer.l4num, port, int.from_bytes(answer.dst_u, "big"))
    exp.mask_src = mask
    exp.flags = ExpectFlag.PERMANENT
    try:
        pkt.net.expectations.insert(exp, pkt.now)
    except ExpectError as error:
        pkt.note(f"the answers cannot be expected: {error}")
    ct.refresh(pkt, timeout)
