"""How long the first answer of each flow took: ``ctcore list --plugin examples/latency.py CAPTURE``."""

from ctcore import Conn, CtInfo, Packet, extension


class Latency:
    name = "latency"

    @extension
    def create(self, ct: Conn) -> list[int]:
        return []

    @extension
    def packet(self, data: list[int], pkt: Packet, ctinfo: int) -> None:
        if not data or (len(data) == 1 and ctinfo == CtInfo.ESTABLISHED_REPLY):
            data.append(pkt.now)

    @extension
    def dump(self, data: list[int]) -> dict[str, float]:
        return {"seconds": (data[1] - data[0]) / 1e9} if len(data) == 2 else {}

    @extension
    def column(self, data: list[int]) -> list[tuple[str, str]]:
        return [("latency", f"{(data[1] - data[0]) / 1e6:.3f}ms")] if len(data) == 2 else []
