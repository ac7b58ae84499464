"""The map of the code shows the code as it is."""

import pytest

from tools import map as code_map


@pytest.fixture(scope="module")
def graph():
    return code_map.read_graph()


@pytest.mark.parametrize("name", code_map.PICTURES)
def test_the_pictures_are_those_of_the_code(graph, name):
    assert (code_map.ROOT / name).read_text() == code_map.redrawn(graph, name), "draw them anew: make map"


def test_an_arrow_that_others_imply_is_left_out():
    arrows = {"portal": {"wallet", "common"}, "wallet": {"common"}, "common": set()}
    assert code_map.reduced(arrows) == {"portal": {"wallet"}, "wallet": {"common"}, "common": set()}


def test_rooms_that_stand_on_each_other_cannot_be_drawn():
    with pytest.raises(ValueError, match="stand on each other: "):
        code_map.reduced({"wallet": {"families"}, "families": {"wallet"}})


def test_a_room_speaks_for_all_that_is_in_it(graph):
    arrows = code_map.arrows_between(graph, ["reservations.views", "reservations.rules"])
    assert arrows["reservations.rules"] == set()


def test_a_mark_that_is_missing_is_named(graph, tmp_path, monkeypatch):
    monkeypatch.setattr(code_map, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text("# Nothing\n")
    with pytest.raises(ValueError, match=r"README\.md has no mark <!-- map apps -->"):
        code_map.redrawn(graph, "README.md")
