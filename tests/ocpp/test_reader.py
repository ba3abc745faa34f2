from collections import Counter

import pytest

from chargepoint.errors import PeerError
from chargepoint.ocpp.codes import CODES
from chargepoint.ocpp.reader import ReadError, read

PLACE = ("object", (("id",), {"id": ("int", None)}))
SHAPE = (
    ("name",),
    {
        "name": ("str", 20),
        "free": ("str", 0),
        "count": ("int", None),
        "percent": ("int", (0, 100)),
        "atLeast": ("int", (1, None)),
        "limit": ("num", (None, None, 0.1)),
        "factor": ("num", (-1, 1, None)),
        "plain": ("num", None),
        "on": ("bool", None),
        "at": ("date", None),
        "word": ("enum", ("Soft", "Hard")),
        "open": ("word", ("Known",)),
        "number": ("id", None),
        "data": ("any", None),
        "place": PLACE,
        "places": ("list", (PLACE, 1, 3)),
        "words": ("list", (("enum", ("Soft", "Hard")), 0, None)),
    },
)


def taken(any_case=False, **members):
    """What becomes of these members, and which rules it took."""
    quirks = Counter()
    clean = read(SHAPE, {"name": "n"} | members, quirks, any_case)
    del clean["name"]
    return clean, dict(quirks)


def refused(**members):
    with pytest.raises(ReadError) as caught:
        read(SHAPE, {"name": "n"} | members, Counter())
    return caught.value


def test_what_the_schema_allows_is_taken_as_it_is():
    members = {
        "free": "x" * 255,
        "count": -7,
        "percent": 100,
        "limit": 6.1,
        "on": False,
        "word": "Hard",
        "number": 0,
        "data": {"any": [1, None]},
        "place": {"id": 1},
        "places": [{"id": 1}, {"id": 2}],
        "words": [],
    }
    assert taken(**members) == (members, {})


def test_dates_become_utc_seconds():
    assert taken(at="1970-01-02T00:00:01.5+00:00") == ({"at": 86401.5}, {})


# -- the rules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["count", "at", "word", "place", "places", "data", "free"])
def test_j1_null_is_absent(member):
    assert taken(**{member: None}) == ({}, {"J1": 1})


def test_j1_an_empty_list_is_absent_where_one_entry_is_the_least():
    assert taken(places=[]) == ({}, {"J1": 1})


@pytest.mark.parametrize(
    ("member", "told", "read_as", "rules"),
    [
        ("count", "16", 16, {"J2": 1}),
        ("count", " -1 ", -1, {"J2": 1}),
        ("count", "16.0", 16, {"J2": 1, "J3": 1}),
        ("limit", "6.5", 6.5, {"J2": 1}),
        ("limit", "6", 6.0, {"J2": 1}),
        ("on", "true", True, {"J2": 1}),
        ("on", " False", False, {"J2": 1}),
        ("number", "7", 7, {"J2": 1}),
    ],
)
def test_j2_numbers_and_truth_may_be_text(member, told, read_as, rules):
    clean, quirks = taken(**{member: told})
    assert clean == {member: read_as}
    assert type(clean[member]) is type(read_as)
    assert quirks == rules


@pytest.mark.parametrize(
    ("member", "told"),
    [("count", "1e3"), ("count", "0x10"), ("count", "१"), ("count", "1" * 30), ("limit", "6,5"), ("on", "yes")],
)
def test_j2_only_what_is_exact(member, told):
    assert refused(**{member: told}).kind == "type"


def test_j3_an_integral_float_is_an_integer():
    clean, quirks = taken(count=300.0)
    assert clean == {"count": 300}
    assert type(clean["count"]) is int
    assert quirks == {"J3": 1}
    assert refused(count=1.5).kind == "type"


@pytest.mark.parametrize(
    ("told", "read_as"),
    [(60, "60"), (60.0, "60"), (0.5, "0.5"), (True, "true"), (False, "false"), (10**20, "1" + "0" * 20)],
)
def test_j4_a_scalar_is_text_where_text_is_asked(told, read_as):
    assert taken(free=told) == ({"free": read_as}, {"J4": 1})


def test_j5_unknown_members_are_ignored_at_every_depth():
    assert taken(more=1, place={"id": 1, "more": {}}) == ({"place": {"id": 1}}, {"J5": 2})


@pytest.mark.parametrize("told", ["soft", "SOFT", " Soft "])
def test_j6_enumerations_in_any_case(told):
    assert taken(word=told) == ({"word": "Soft"}, {"J6": 1})


def test_j7_member_names_in_any_case_only_on_demand():
    assert taken(Count=1, PLACE={"ID": 2}) == ({}, {"J5": 2})
    assert taken(any_case=True, Count=1, PLACE={"ID": 2}) == ({"count": 1, "place": {"id": 2}}, {"J7": 3})
    assert taken(any_case=True, Count=1, count=2, more=3) == ({"count": 2}, {"J7": 1, "J5": 1})


def test_j8_text_may_be_too_long_but_is_never_cut():
    clean, quirks = taken(name="x" * 21)
    assert quirks == {"J8": 1}
    assert read(SHAPE, {"name": "x" * 255}, Counter()) == {"name": "x" * 255}
    error = refused(name="x" * 256)
    assert (error.path, error.kind) == ("name", "value")
    assert clean == {}


def test_j12_a_limit_may_be_finer_than_its_step():
    assert taken(limit=6.05) == ({"limit": 6.05}, {"J12": 1})
    assert taken(limit=0.3) == ({"limit": 0.3}, {})
    assert taken(plain=0.123) == ({"plain": 0.123}, {})


@pytest.mark.parametrize("member", ["at", "count", "limit", "number", "word"])
@pytest.mark.parametrize("told", ["", " "])
def test_j13_empty_text_is_absent(member, told):
    assert taken(**{member: told}) == ({}, {"J13": 1})


def test_j13_an_optional_date_nobody_can_read_is_absent():
    assert taken(at="soon") == ({}, {"J13": 1})


def test_j13_empty_entries_of_lists_are_absent():
    assert taken(words=["Soft", ""]) == ({"words": ["Soft"]}, {"J13": 1})


@pytest.mark.parametrize(
    ("told", "rules"),
    [
        (0, {}),
        (-1, {}),
        (2**31 - 1, {}),
        (2**31, {"J15": 1}),
        ("tx-1", {"J15": 1}),
        ("007", {"J15": 1}),
        ("1.0", {"J15": 1}),
    ],
)
def test_j15_transaction_ids_are_opaque(told, rules):
    assert taken(number=told) == ({"number": told}, rules)


def test_words_beyond_the_known_ones_are_kept_where_that_is_asked():
    assert taken(open="known") == ({"open": "Known"}, {"J6": 1})
    assert taken(open="New") == ({"open": "New"}, {})
    assert refused(open=7).kind == "type"


# -- what cannot be understood --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "path", "kind"),
    [
        ({"name": None}, "name", "missing"),
        ({"name": []}, "name", "type"),
        ({"free": {}}, "free", "type"),
        ({"count": []}, "count", "type"),
        ({"count": True}, "count", "type"),
        ({"count": 2**63}, "count", "value"),
        ({"count": 1e300}, "count", "value"),
        ({"count": float("inf")}, "count", "type"),
        ({"count": "one"}, "count", "type"),
        ({"percent": 101}, "percent", "value"),
        ({"percent": -1}, "percent", "value"),
        ({"atLeast": 0}, "atLeast", "value"),
        ({"limit": float("nan")}, "limit", "value"),
        ({"limit": 1e300}, "limit", "value"),
        ({"limit": {}}, "limit", "type"),
        ({"factor": 1.5}, "factor", "value"),
        ({"on": 1}, "on", "type"),
        ({"on": "maybe"}, "on", "type"),
        ({"at": 1700000000}, "at", "type"),
        ({"word": "Medium"}, "word", "value"),
        ({"word": 1}, "word", "type"),
        ({"number": []}, "number", "type"),
        ({"number": 2**63}, "number", "value"),
        ({"place": []}, "place", "type"),
        ({"place": {}}, "place.id", "missing"),
        ({"places": {}}, "places", "type"),
        ({"places": [{"id": 1}, {"id": "x"}]}, "places[1].id", "type"),
        ({"places": [{"id": 1}] * 4}, "places", "value"),
        ({"free": "\ud800"}, "free", "format"),
    ],
)
def test_errors_name_the_member_and_the_kind(members, path, kind):
    error = refused(**members)
    assert (error.path, error.kind) == (path, kind)
    assert str(error).startswith(f"{path}: ")
    assert len(str(error)) < 200


def test_a_required_date_that_cannot_be_read_is_wrong_and_not_missing():
    shape = (("at",), {"at": ("date", None)})
    with pytest.raises(ReadError) as caught:
        read(shape, {"at": "tomorrow"}, Counter())
    assert (caught.value.kind, str(caught.value)) == ("format", "at: unreadable: 'tomorrow'")
    with pytest.raises(ReadError, match="at: required, but missing"):
        read(shape, {"at": ""}, Counter())


@pytest.mark.parametrize("payload", [None, [], "text", 7, 1.5, True])
def test_a_payload_must_be_an_object(payload):
    with pytest.raises(ReadError, match="expected an object, got") as caught:
        read(SHAPE, payload, Counter())
    assert caught.value.path == ""


def test_what_is_kept_as_it_came_is_not_nested_too_deep():
    deep = 0
    for level in range(16):
        deep = {"a": deep} if level % 2 else [deep]
    assert taken(data=deep) == ({"data": deep}, {})
    for _ in range(2000):
        deep = [deep]
    error = refused(data=deep)
    assert (error.kind, error.text) == ("value", "expected at most 16 levels of lists and objects")


def test_a_read_error_is_the_peers_and_every_kind_has_a_code():
    assert issubclass(ReadError, PeerError)
    for codes in CODES.values():
        assert {"missing", "type", "value", "format"} <= codes.keys()


def test_text_that_is_not_ascii_is_text():
    assert taken(free="größe \u2028 😀") == ({"free": "größe \u2028 😀"}, {})
