"""What is left on the shelves?"""


class Stock:
    def __init__(self):
        self.counts = {}

    def take(self, article, count=1):
        if self.counts.get(article, 0) < count:
            raise LookupError("only %d left" % self.counts.get(article, 0))
        self.counts[article] -= count
