"""Event messages: gathered while a packet is on its way, delivered as one at its confirmation."""

from __future__ import annotations

from typing import Any

import pytest

from ctcore import Conn, Event, EventKind, ExtId, Packet, Status
from ctcore.common import ASSURED
from ctcore.sysctl import SECOND
from tests.toy import Do, ToyNet, names

Message = tuple[str, set[str]]


class Ear(ToyNet):
    """Hears the messages as (kind, names of the events in it)."""

    def __init__(self, *extra: Any, **kwargs: Any) -> None:
        super().__init__(*extra, listen=False, **kwargs)
        self.heard: list[Message] = []
        self.listen()

    def listen(self) -> None:
        self.net.notifier.listeners.append(self._hear)

    def _hear(self, kind: EventKind, ct: Conn, mask: int) -> None:
        self.heard.append((kind.name, {event.name for event in Event if mask >> event & 1}))

    def told(self) -> list[Message]:
        heard, self.heard = self.heard, []
        return heard


def test_a_life_in_messages() -> None:
    toy = Ear()
    steps: list[tuple[bool, Do, list[Message]]] = [
        (False, Do.ACCEPT, [("NEW", {"NEW"})]),
        (False, Do.ACCEPT, []),
        (True, Do.CHANGE, [("UPDATE", {"REPLY", "PROTOINFO"})]),
        (False, Do.CLOSING, [("UPDATE", {"PROTOINFO", "ASSURED"})]),
        (True, Do.ASSURE, []),
        (True, Do.INVALID, []),
        (False, Do.IGNORE, []),
        (False, Do.REOPEN, [("DESTROY", {"DESTROY"}), ("NEW", {"NEW"})]),
    ]
    for number, (reply, do, messages) in enumerate(steps):
        _ = toy.reply(do=do) if reply else toy.send(do=do)
        assert toy.told() == messages, f"step {number}"
    toy.sleep(10)
    assert toy.told() == [("DESTROY", {"DESTROY"})]


def test_what_happens_to_a_new_flow_is_told_with_its_birth() -> None:
    toy = Ear()
    toy.send(do=Do.CLOSING)
    assert toy.told() == [("NEW", {"NEW", "ASSURED", "PROTOINFO"})]


def test_nothing_is_told_before_the_confirm_hook() -> None:
    toy = Ear()
    heard: list[int] = []

    def count(pkt: Packet) -> int:
        heard.append(len(toy.heard))
        return 1

    toy.hook(4, 0, count)
    toy.send()
    toy.reply()
    assert heard == [0, 1]


def test_a_packet_dropped_on_its_way_leaves_its_events_to_the_next() -> None:
    toy = Ear()
    toy.send()
    toy.told()
    drop = [True]
    toy.hook(2, 0, lambda pkt: 0 if drop[0] else 1)
    toy.reply(do=Do.CHANGE)
    assert toy.told() == []
    drop.clear()
    drop.append(False)
    toy.send()
    assert toy.told() == [("UPDATE", {"REPLY", "PROTOINFO"})]


def test_a_flow_that_was_never_confirmed_is_never_told_of() -> None:
    toy = Ear()
    toy.hook(2, 0, lambda pkt: 0)
    toy.send()
    toy.net.flush()
    assert toy.told() == []


def test_pending_events_of_a_dying_flow_are_not_told() -> None:
    toy = Ear()
    ct = toy.send().entry
    assert ct is not None
    ct.cache_event(Event.MARK)
    toy.told()
    toy.net.delete(ct)
    toy.net.notifier.deliver_cached(ct)
    assert toy.told() == [("DESTROY", {"DESTROY"})]


@pytest.mark.parametrize("event", [event for event in Event if event not in (Event.NEW, Event.RELATED, Event.DESTROY)])
def test_every_other_event_is_an_update(event: Event) -> None:
    toy = Ear()
    ct = toy.send().entry
    assert ct is not None
    toy.told()
    ct.cache_event(event)
    toy.send()
    assert toy.told() == [("UPDATE", {event.name})]


@pytest.mark.parametrize(
    # nf_conntrack_events; is there a listener at the flow's birth; does the flow tell
    ("mode", "heard_at_birth", "tells"),
    [(0, True, False), (0, False, False), (1, True, True), (1, False, True), (2, True, True), (2, False, False)],
)
def test_who_tells(mode: int, heard_at_birth: bool, tells: bool) -> None:
    toy = Ear(nf_conntrack_events=mode)
    if not heard_at_birth:
        toy.net.notifier.listeners.clear()
    ct = toy.send().entry
    assert ct is not None
    assert (ct.ext_find(ExtId.ECACHE) is not None) is tells
    if not heard_at_birth:
        toy.listen()
    toy.told()
    toy.reply()
    toy.sleep(10)
    assert [kind for kind, _ in toy.told()] == (["UPDATE", "DESTROY"] if tells else [])


def test_only_what_the_mask_lets_through_is_told() -> None:
    toy = Ear()
    ct = toy.send().entry
    assert ct is not None
    toy.told()
    ct.ext_find(ExtId.ECACHE).ctmask = 1 << Event.ASSURED
    toy.reply(do=Do.CLOSING)
    assert toy.told() == [("UPDATE", {"ASSURED"})]
    toy.sleep(10)
    assert toy.told() == []


def test_every_listener_hears() -> None:
    toy = Ear()
    toy.listen()
    toy.send()
    assert len(toy.told()) == 2


def test_a_message_tells_the_flow_as_it_is_at_delivery(toy: ToyNet) -> None:
    (new,) = toy.send().events
    assert (new["type"], new["status"], new["timeout"], new["id"]) == ("NEW", ["CONFIRMED"], 10, 1)
    (update,) = toy.reply(after=3).events
    assert (update["status"], update["timeout"]) == (["SEEN_REPLY", "CONFIRMED"], 10)
    (gone,) = toy.sleep(11).events
    assert (gone["type"], gone["status"], gone["timeout"]) == ("DESTROY", ["SEEN_REPLY", "CONFIRMED", "DYING"], 0)


def test_events_belong_to_the_packet_that_caused_them(toy: ToyNet) -> None:
    first = toy.send(sport=1)
    second = toy.send(sport=2, after=11)
    assert names(first.events) == ["NEW"]
    assert [(event["type"], event["original"]["sport"]) for event in second.events] == [("DESTROY", 1), ("NEW", 2)]


def test_deaths_are_told_in_their_order(toy: ToyNet) -> None:
    for sport, timeout in ((1, 9), (2, 3), (3, 6)):
        toy.net.sysctl["nf_conntrack_toy_timeout"] = timeout
        toy.send(sport=sport)
    assert [event["original"]["sport"] for event in toy.sleep(100).events] == [2, 3, 1]


def test_the_kinds_and_numbers_are_the_kernels() -> None:
    numbers = {"NEW": 0, "RELATED": 1, "DESTROY": 2, "REPLY": 3, "ASSURED": 4, "PROTOINFO": 5, "HELPER": 6, "MARK": 7}
    numbers |= {"SEQADJ": 8, "SECMARK": 9, "LABEL": 10, "SYNPROXY": 11}
    assert {event.name: int(event) for event in Event} == numbers
    assert [kind.name for kind in EventKind] == ["NEW", "UPDATE", "DESTROY"]


def test_assured_is_told_once() -> None:
    toy = Ear()
    ct = toy.send(do=Do.ASSURE).entry
    assert ct is not None
    assert ct.status & ASSURED == Status.ASSURED
    toy.told()
    toy.send(do=Do.ASSURE, after=SECOND / SECOND)
    assert toy.told() == []
