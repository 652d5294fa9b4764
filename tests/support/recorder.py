"""Watches every packet of a run for session ids that must not be told (protocol invariant I5), and
for the error codes that are reserved (3.5).

One recorder per test process. Every sid the raw clients learn is known to it; a packet that is
neither a CONNECT reply nor a list_room answer and holds one of them is a leak.
"""

import re
from collections import deque

# Session ids are base64url of 16 random bytes or more, so shorter words cannot be one.
_WORD = re.compile(r"[A-Za-z0-9_-]{16,}")
_RESERVED = re.compile(r'"code":\s*(?:4102|4105)\b')
# A text this long is mostly a blob made by a test, and sliding a window over it is waste: it is
# searched for the latest sids only.
_LONG_TEXT = 65_536


class SidRecorder:
    def __init__(self):
        self.known: set[str] = set()
        self.lengths: set[int] = set()
        self.recent: deque[str] = deque(maxlen=64)
        self.checked = 0
        self.leaks: list[tuple[str, str]] = []
        self.reserved: list[str] = []

    def learn(self, sid: str) -> None:
        self.known.add(sid)
        self.lengths.add(len(sid))
        self.recent.append(sid)

    def check(self, text: str) -> None:
        self.checked += 1
        if len(text) > _LONG_TEXT:
            self.leaks += [(sid, text[:300]) for sid in self.recent if sid in text]
            return
        for match in _WORD.finditer(text):
            for sid in self._sids_in(match.group()):
                self.leaks.append((sid, text[:300]))

    def _sids_in(self, word: str):
        if word in self.known:
            return [word]
        return [word[start:start + size] for size in self.lengths
                for start in range(len(word) - size + 1) if word[start:start + size] in self.known]

    def check_codes(self, text: str) -> None:
        if _RESERVED.search(text):
            self.reserved.append(text[:300])

    def take_reserved(self) -> list[str]:
        reserved, self.reserved = self.reserved, []
        return reserved

    def take_leaks(self) -> list[tuple[str, str]]:
        leaks, self.leaks = self.leaks, []
        return leaks


RECORDER = SidRecorder()
