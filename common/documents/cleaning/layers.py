"""What a PDF's layers hide is left out, so that the kept copy shows what a screen showed. Runs in the child process.

A new catalogue has no layers any more: all that remains would be seen. ISO 32000-1, 8.11.
"""

from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Operator, Pdf, Stream

PAINTING = {"S", "s", "f", "F", "f*", "B", "B*", "b", "b*"}  # their path stays a path: it may clip what follows
DROPPED = {"Tj", "TJ", "Do", "sh", "INLINE IMAGE"}
NEXT_LINE = {"'", '"'}
DEPTH = 32
Hides = Callable[[object], bool]


def drop_hidden(pdf: Pdf) -> None:
    """Take what hidden layers draw out of the pages, of the forms that they draw and of the annotations."""
    hides = _hides(pdf)
    if hides is None:
        return
    seen = set()
    for page in pdf.pages:
        _drop_annotations(page.obj, hides)
        page.contents_coalesce()
        resources = page.obj.get("/Resources", Dictionary())
        contents = page.obj.get("/Contents")
        if isinstance(contents, Stream):
            contents.write(_visible(contents, resources, hides))
        _drop_forms(resources, hides, seen)


def _hides(pdf: Pdf) -> Hides | None:
    """Return what tells whether a layer, or a rule over layers, is hidden; None when the file hides none."""
    properties = pdf.Root.get("/OCProperties")
    default = properties.get("/D") if isinstance(properties, Dictionary) else None
    if not isinstance(default, Dictionary):
        return None
    off = _layers(default.get("/OFF"))
    if default.get("/BaseState") == Name.OFF:
        off = _layers(properties.get("/OCGs")) - _layers(default.get("/ON"))
    return (lambda rule: not _is_shown(rule, off)) if off else None


def _layers(array) -> set:
    return {each.objgen for each in array if isinstance(each, Dictionary)} if isinstance(array, Array) else set()


def _is_shown(rule, off: set) -> bool:
    if not isinstance(rule, Dictionary):
        return True
    if rule.get("/Type") != Name.OCMD:
        return rule.objgen not in off
    expression = rule.get("/VE")
    if isinstance(expression, Array) and len(expression):
        return _holds(expression, off)
    groups = rule.get("/OCGs", Array())
    groups = [groups] if isinstance(groups, Dictionary) else list(groups)
    states = [each.objgen not in off for each in groups if isinstance(each, Dictionary)]
    return not states or _policy(str(rule.get("/P", "/AnyOn")), states)


def _policy(name: str, states: list[bool]) -> bool:
    return {"/AllOn": all(states), "/AnyOff": not all(states), "/AllOff": not any(states)}.get(name, any(states))


def _holds(expression, off: set, depth: int = DEPTH) -> bool:
    if not isinstance(expression, Array) or not depth:
        return _is_shown(expression, off)
    name, *parts = expression
    states = [_holds(part, off, depth - 1) for part in parts]
    return {"/And": all(states), "/Not": not any(states)}.get(str(name), any(states))


def _drop_annotations(page: Dictionary, hides: Hides) -> None:
    annotations = page.get("/Annots")
    if isinstance(annotations, Array):
        kept = [each for each in annotations if not (isinstance(each, Dictionary) and hides(each.get("/OC")))]
        page.Annots = Array(kept)


def _drop_forms(resources, hides: Hides, seen: set) -> None:
    """Empty what hidden layers own among the things drawn by name, and look inside the others."""
    todo = [resources]
    while todo:
        things = todo.pop().get("/XObject")
        for thing in things.values() if isinstance(things, Dictionary) else ():
            if not isinstance(thing, Stream) or thing.objgen in seen:
                continue
            seen.add(thing.objgen)
            inside = thing.get("/Resources", Dictionary())
            if hides(thing.get("/OC")):
                _empty(thing)
            elif thing.get("/Subtype") == Name.Form:
                thing.write(_visible(thing, inside, hides))
                todo.append(inside)


def _empty(thing: Stream) -> None:
    for key in set(thing.keys()) - {"/Length"}:
        del thing[key]
    thing.Type, thing.Subtype, thing.BBox = Name.XObject, Name.Form, Array([0, 0, 0, 0])
    thing.write(b"")


def _visible(drawing: Stream, resources, hides: Hides) -> bytes:
    """The drawing without what stands between the marks of a hidden layer; positions and states go on as before."""
    properties = resources.get("/Properties", Dictionary())
    kept, marks = [], []
    for operands, operator in pikepdf.parse_content_stream(drawing):
        name = str(operator)
        if name in ("BDC", "BMC"):
            marks.append(_is_hidden_mark(operands, properties, hides))
        if not any(marks):
            kept.append((operands, operator))
        elif left := _left(operands, operator, name):
            kept.append(left)
        if name == "EMC" and marks:
            marks.pop()
    return pikepdf.unparse_content_stream(kept)


def _is_hidden_mark(operands, properties, hides: Hides) -> bool:
    if len(operands) != 2 or operands[0] != Name.OC:
        return False
    rule = operands[1]
    return hides(properties.get(str(rule)) if isinstance(rule, Name) else rule)


def _left(operands, operator, name: str):
    """What remains of an operator that draws nothing."""
    if name in PAINTING:
        return [], Operator("n")
    if name in NEXT_LINE:
        return [], Operator("T*")
    return None if name in DROPPED else (operands, operator)
