"""The PPTP vtable: the call that a control connection agrees on is a GRE tunnel, expected from either side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ctcore import Conn, Expectation, ExpectPolicy, Packet, Tuple, expect, help_data, helper, tcp_payload, withdraw
from ctcore.common import IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY, ORIGINAL, REPLY
from ctcore.expect import ExpectError
from ctcore.netfilter import ACCEPT
from ctcore_gre import Gre, KeyMap
from ctcore_pptp.messages import read_message
from ctcore_pptp.session import Outcome, Session

AF_INET: Final = 2
IPPROTO_TCP: Final = 6
IPPROTO_GRE: Final = 47


class Pptp:
    """Point-to-Point Tunneling Protocol, control connection (RFC 2637)."""

    name = "pptp"
    l3num = AF_INET
    l4num = IPPROTO_TCP
    port = 1723
    policies = (ExpectPolicy(max_expected=2, timeout=300),)  # one call, expected from both ends
    private = Session

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Follow the message that a segment begins with. No segment is ever dropped."""
        if ctinfo not in (IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY):
            return ACCEPT
        message = read_message(tcp_payload(pkt, protoff))
        if message is None:
            return ACCEPT
        session: Session = help_data(ct).private
        outcome = session.hear(int(ctinfo == IP_CT_ESTABLISHED_REPLY), message)
        if outcome == Outcome.CONNECTED:
            announce_call(pkt, ct, session)
        elif outcome == Outcome.DISCONNECTED:
            destroy_siblings(ct, session)
        return ACCEPT

    @helper
    def expectfn(self, ct: Conn, exp: Expectation) -> None:
        """The tunnel came from one side: nothing is expected from the other any more.

        The kernel also gives the flow timeouts of its own here, 600 and 18000 seconds; GRE's tracker, which looks at
        the packet afterwards, sets them back.
        """
        t = exp.tuple
        other = Tuple(t.dst, t.src, t.dst_u, t.src_u, t.l3num, t.l4num)
        forget(ct, other)

    @helper
    def destroy(self, ct: Conn) -> None:
        """With the control connection its tunnel goes."""
        destroy_siblings(ct, help_data(ct).private)

    @helper
    def print_private(self, ct: Conn) -> Mapping[str, Any]:
        """The states of session and call, and both call ids."""
        session: Session = help_data(ct).private
        return {
            "session": session.state.name,
            "call": session.call.name,
            "pns_id": session.pns_id,
            "pac_id": session.pac_id,
        }


def calls(ct: Conn, session: Session) -> tuple[Tuple, Tuple]:
    """The tunnel as its tuples would be: from the client (PNS) and from the server (PAC)."""
    keys = ((session.pns_id, session.pac_id), (session.pac_id, session.pns_id))
    original, reply = (
        ct.tuple(direction)._replace(
            src_u=src_key.to_bytes(2, "big"), dst_u=dst_key.to_bytes(2, "big"), l4num=IPPROTO_GRE
        )
        for direction, (src_key, dst_key) in zip((ORIGINAL, REPLY), keys, strict=True)
    )
    return original, reply


def announce_call(pkt: Packet, ct: Conn, session: Session) -> None:
    """Expect the tunnel from both sides, and enter its keys into the key map; all of it, or nothing new remains."""
    made: list[Expectation] = []
    keymap = keymap_of(ct)
    tuples = calls(ct, session)
    try:
        for t in tuples:
            src_key, dst_key = int.from_bytes(t.src_u, "big"), int.from_bytes(t.dst_u, "big")
            exp = expect(ct, t.src, t.dst, IPPROTO_GRE, src_key, dst_key)
            pkt.net.expectations.insert(exp, pkt.now)
            made.append(exp)
    except ExpectError as error:
        pkt.note(f"PPTP: the tunnel cannot be expected ({error})")
        take_back(made)
        return
    if keymap is None:
        return
    if not keymap.add(ct, ORIGINAL, *_place(tuples[ORIGINAL])):
        take_back(made)
    elif not keymap.add(ct, REPLY, *_place(tuples[REPLY])):
        keymap.remove(ct)
        take_back(made)


def _place(t: Tuple) -> tuple[bytes, bytes, bytes]:
    return t.src + t.dst, t.src_u, t.dst_u


def take_back(made: list[Expectation]) -> None:
    """Take expectations back, the latest first; one that made way for a later one is gone already."""
    for exp in reversed(made):
        withdraw(exp)


def destroy_siblings(ct: Conn, session: Session) -> None:
    """End the tunnel of a control connection, or take back what is expected of it."""
    keymap = keymap_of(ct)
    if keymap is not None:
        keymap.remove(ct)
    for t in calls(ct, session):
        node = ct.net.find(t.pack(), ct.zone)
        if node is not None:
            ct.net.delete(node[0])
        else:
            forget(ct, t)


def forget(ct: Conn, t: Tuple) -> None:
    """Take back the expectation that a flow with this tuple would fulfil, if there is one."""
    exp = ct.net.expectations.peek(t, ct.zone.id)
    if exp is not None:
        withdraw(exp)


def keymap_of(ct: Conn) -> KeyMap | None:
    """The namespace's key map; None where GRE is not tracked."""
    gre = ct.net.l4protos[IPPROTO_GRE].plugin
    return gre.keymap if isinstance(gre, Gre) else None
