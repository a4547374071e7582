"""What a customer is about to buy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Basket:
    """Counts articles by their number."""

    articles: dict[str, int] = field(default_factory=dict)

    def put(self, article: str, count: int = 1) -> None:
        self.articles[article] = self.articles.get(article, 0) + count

    def total(self, prices: dict[str, float]) -> float:
        return sum(prices[article] * count for article, count in self.articles.items())
