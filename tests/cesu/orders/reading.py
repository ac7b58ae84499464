"""What a manager reads on the pages of orders."""

import re
from html import unescape

TAGS = re.compile(r"<[^>]*>")


def plain(answer) -> str:
    """The words of a page, every run of spaces as one."""
    main = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", unescape(TAGS.sub(" ", main)).replace("\xa0", " ")).replace(" ,", ",").replace(" .", ".")


def sheet(answer) -> list[dict]:
    """The rows of the order table: name, value of each cell by its short name, amount."""
    return [_row(row) for row in re.findall(r'<tr id="ligne-.*?</tr>', answer.content.decode(), re.S)]


def _row(row: str) -> dict:
    texts = {name: unescape(value) for name, value in re.findall(r'<input[^>]* name="(\w+)-\d+" value="([^"]*)"', row)}
    for name, options in re.findall(r'<select[^>]* name="(\w+)-\d+"[^>]*>(.*?)</select>', row, re.S):
        texts[name] = re.search(r'value="(\w+)" selected', options + ' value="" selected'.replace('""', '"none"'))[1]
    name, amount = re.search(r'id="nom-\d+">([^<]*)<', row)[1], re.search(r'id="montant-\d+">([^<]*)<', row)[1]
    return texts | {"name": unescape(name), "montant": re.sub(r"\s", " ", unescape(amount))}


def faults(answer) -> dict[str, str]:
    """The sentences at the cells, by the id of their cell."""
    page = answer.content.decode()
    found = re.findall(r'id="faute-([\w-]+)">([^<]+)<', page)
    for cell, _ in found:
        assert re.search(rf'id="{cell}"[^>]* aria-describedby="faute-{cell}" aria-invalid="true"', page), cell
        assert f'href="#{cell}"' in page
    return {cell: unescape(text) for cell, text in found}
