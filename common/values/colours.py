"""Whether a colour can be read: the contrast of WCAG 2.2, criterion 1.4.3."""

READABLE = 4.5  # to 1, for text of a normal size


def contrast(one: str, other: str = "#ffffff") -> float:
    """The contrast ratio of two colours written « #0f5a60 », from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def contrast_sentence(colour: str) -> str:
    """What an agent is told of a colour as text on white, or under white text."""
    ratio = contrast(colour)
    spoken = f"{ratio:.1f}".replace(".", ",")
    if ratio >= READABLE:
        return f"Contraste avec le blanc : {spoken} pour 1. Cette couleur se lit bien."
    return (
        f"Contraste avec le blanc : {spoken} pour 1, il en faut 4,5. Cette couleur est trop claire pour du texte : "
        "le portail l’assombrit là où elle doit se lire."
    )


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4
