"""How counts are told to people."""


def how_many(number: int, what: str) -> str:
    """``1 case``, ``2 cases``; ``what`` is one of them."""
    several = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{number} {what if number == 1 else several}"
