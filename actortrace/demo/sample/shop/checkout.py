"""Turns a basket into an order. Somebody was called away while writing this."""

from __future__ import annotations

from shop.basket import Basket


class Checkout:
    def __init__(self, prices: dict[str, float]) -> None:
        self.prices = prices

    def pay(self, basket: Basket) -> float:
        total = basket.total(self.prices)
        if total > 100 and
