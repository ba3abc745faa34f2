from hal_mock.oneshot import CELLS, OneShot, overlap_s


def one_shot() -> OneShot:
    return OneShot(memoryview(bytearray(8 * CELLS)).cast("d"), 0)


def test_it_drops_by_itself() -> None:
    shot = one_shot()
    shot.trigger(10.0, 0.1)
    assert shot.active(10.0)
    assert shot.active(10.09)
    assert not shot.active(10.1)


def test_triggers_in_time_make_one_hold() -> None:
    shot = one_shot()
    for tick in range(10):
        shot.trigger(10.0 + tick * 0.05, 0.1)
    assert (shot.started, shot.until) == (10.0, 10.45 + 0.1)


def test_a_late_trigger_starts_anew_and_remembers_the_end_of_the_last() -> None:
    shot = one_shot()
    shot.trigger(10.0, 0.1)
    shot.trigger(10.2, 0.1)
    assert shot.spans() == ((10.0, 10.0 + 0.1), (10.2, 10.2 + 0.1))
    assert not shot.active(10.15)


def test_release_ends_a_hold_now_and_nothing_that_has_ended() -> None:
    shot = one_shot()
    shot.trigger(10.0, 1.0)
    shot.release(10.5)
    shot.release(10.7)
    assert shot.until == 10.5


def test_a_shorter_lease_replaces_a_longer_one() -> None:
    shot = one_shot()
    shot.trigger(10.0, 5.0)
    shot.trigger(10.1, 0.5)
    assert not shot.active(10.7)


def test_overlap_counts_only_what_all_share() -> None:
    coil = ((1.0, 2.0), (3.0, 9.0))
    enable = ((0.0, 1.5), (4.0, 5.0))
    assert overlap_s((0.0, 10.0), coil, enable) == 1.5
    assert overlap_s((1.25, 4.5), coil, enable) == 0.75
    assert overlap_s((5.0, 6.0), coil, enable) == 0.0


def test_between_any_two_writes_of_a_trigger_no_gap_is_bridged_and_nothing_counts_twice() -> None:
    """The page after each single write of a late trigger, as a reader may find it."""
    pages: list[list[float]] = []

    class Spy:
        def __init__(self) -> None:
            self.cells = [0.0] * CELLS

        def __getitem__(self, index: int) -> float:
            return self.cells[index]

        def __setitem__(self, index: int, value: float) -> None:
            self.cells[index] = value
            pages.append(list(self.cells))

    spy = Spy()
    shot = OneShot(spy, 0)  # type: ignore[arg-type]
    shot.trigger(10.0, 1.0)
    pages.clear()
    shot.trigger(12.0, 1.0)
    assert len(pages) == CELLS
    everything = ((0.0, 99.0),)
    for page in pages:
        spy.cells = page
        assert overlap_s((0.0, 12.0), shot.spans(), everything) == 1.0
        assert overlap_s((11.0, 12.0), shot.spans(), everything) == 0.0
    assert shot.active(12.5)
