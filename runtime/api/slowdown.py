"""A wrong token, its client's address and its id → how long the answer waits.

Only answers to wrong tokens wait: a right token is let in at once from any address, so that guessing keeps nobody else
out. Guesses are limited by leaky buckets, one for each address and one for each token id that is guessed at, so neither
many connections nor many addresses speed them up.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

AT_ONCE: Final = 5  # wrong tokens that are answered at once: they may be typing mistakes
SECONDS: Final = 1.0  # seconds between answers after that,
MAX_SECONDS: Final = 30.0  # and the longest wait
MAX_WAITING: Final = 200  # answers that may wait at the same time
MAX_PLACES: Final = 10_000  # addresses and token ids that are remembered; the least recently seen is dropped first


class Slowdown:
    """The buckets, for one event loop. `waiting`: answers that wait now."""

    def __init__(self) -> None:
        self.waiting = 0
        self._full: OrderedDict[str, float] = OrderedDict()  # by address or token: when its last answer is due

    def delay(self, address: str, token: str | None, now: float) -> float | None:
        """How long the answer to a wrong token waits.

        Args:
            address: of the client; "" if there is none.
            token: the id it names, if a token of that id exists.
            now: seconds of a monotonic clock.

        Returns:
            Seconds; None when too many answers wait already, or it would wait too long.
        """
        places = [f"from {network_of(address)}"] + ([] if token is None else [f"of {token}"])
        due = max(self._due(place, now) for place in places)
        for place in places:
            self._full[place] = max(due, self._full.get(place, due))
            self._full.move_to_end(place)
        while len(self._full) > MAX_PLACES:
            self._full.popitem(last=False)
        wait = due - AT_ONCE * SECONDS - now
        if wait <= 0:
            return 0.0
        return None if wait > MAX_SECONDS or self.waiting >= MAX_WAITING else wait

    def _due(self, place: str, now: float) -> float:
        """When the bucket is empty again with one more guess in it. It holds at most what may still be waited for."""
        most = now + AT_ONCE * SECONDS + MAX_SECONDS
        return min(max(self._full.get(place, now), now), most) + SECONDS


def network_of(address: str) -> str:
    """The addresses of one client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return address
    return str(ip.ipv4_mapped) if ip.ipv4_mapped is not None else str(IPv6Address(int(ip) >> 64 << 64))
