"""When is the shop closed?"""

import datetime

CLOSED = {(1, 1), (12, 25), (12, 26)}


def is_closed(day: datetime.date) -> bool:
    return day.weekday() == 6 or (day.month, day.day) in CLOSED
