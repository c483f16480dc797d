"""ICMP errors of any address family: find the flow of the packet that an error message quotes."""

from __future__ import annotations

from typing import Final

from ctcore.common import IP_CT_RELATED, IP_CT_RELATED_REPLY
from ctcore.packet import Packet
from ctcore.tuples import Tuple
from ctcore.zones import ZONE_DFLT

NOT_READABLE: Final = "the packet that the ICMP error quotes cannot be read"


def attach_related(pkt: Packet, inner: int, l4num: int) -> str | None:
    """Give an error message the flow of the packet that it quotes at ``inner``; returns why that cannot be, or None.

    The message must be addressed to whom the flow's tuple names as its destination: anybody may report an error, but
    only to a party of the flow. ``l4num`` is the protocol of the message itself, for the reason.
    """
    l3, net = pkt.l3, pkt.net
    found = l3.get_l4proto(pkt, inner)
    if found is None:
        return NOT_READABLE
    dataoff, protonum = found
    l4 = net.l4protos[protonum]
    outer, pkt.nhoff = pkt.nhoff, inner
    try:
        addrs, u = l3.pkt_to_tuple(pkt, inner), l4.pkt_to_tuple(pkt, dataoff)
    finally:
        pkt.nhoff = outer
    if addrs is None or u is None:
        return NOT_READABLE
    back = l4.invert_tuple(u)
    if back is None:
        return "the packet that the ICMP error quotes is none that could be answered"
    zone = pkt.tmpl.zone.resolved(pkt.mark) if pkt.tmpl is not None else ZONE_DFLT
    node = net.find(l3.invert_tuple(addrs) + back + l3.suffix[protonum], zone)
    if node is None:
        return "the packet that the ICMP error quotes belongs to no flow"
    ct, direction = node
    matched = Tuple.unpack(ct.reply if direction else ct.original)
    addressee = l3.pkt_to_tuple(pkt, pkt.nhoff)[len(matched.src) :]
    if addressee != matched.dst:
        spelled = dict(l3.print_tuple(addressee + matched.dst, True))
        return f"nf_ct_proto_{l4num}: outer daddr {spelled['src']} != inner {spelled['dst']}"
    pkt.ct = ct
    pkt.ctinfo = IP_CT_RELATED_REPLY if direction else IP_CT_RELATED
    return None
