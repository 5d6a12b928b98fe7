"""Every log entry, ours and that of libraries, reaches one writer, redacted."""

import logging
import threading
import warnings

from greenroom.telemetry import Entry, get_log, logging_to


def test_entries_of_our_rooms_carry_their_facts() -> None:
    entries: list[Entry] = []
    with logging_to(entries.append):
        log = get_log().bind(account="home")
        log.info("sent", turn=17, key="k-1", why="token=abc")
        log.debug("not asked for")
    assert entries == [
        {"account": "home", "turn": 17, "key": "k-1", "why": "token=***", "event": "sent", "level": "info"}
    ]


def test_facts_that_are_bound_are_part_of_every_entry_after() -> None:
    entries: list[Entry] = []
    with logging_to(entries.append):
        log = get_log().bind(bot="ada")
        log.bind(account="home").warning("late")
        log.error("lost")
    assert entries == [
        {"event": "late", "level": "warning", "bot": "ada", "account": "home"},
        {"event": "lost", "level": "error", "bot": "ada"},
    ]


def test_percent_signs_and_braces_in_our_words_stand_for_themselves() -> None:
    entries: list[Entry] = []
    with logging_to(entries.append):
        get_log().info("80 %s of {the} budget", left="20 %")
    assert entries == [{"event": "80 %s of {the} budget", "level": "info", "left": "20 %"}]


def test_libraries_log_to_the_same_place_from_warning_on() -> None:
    entries: list[Entry] = []
    with logging_to(entries.append):
        logging.getLogger("some.sdk").info("chatter")
        logging.getLogger("some.sdk").warning("retrying with %s", "Authorization: Bearer abc.def.ghi")
        logging.getLogger("greenroom_adapters.somewhere").info("connected")
    assert entries == [
        {"event": "retrying with Authorization: ***", "level": "warning", "logger": "some.sdk"},
        {"event": "connected", "level": "info", "logger": "greenroom_adapters.somewhere"},
    ]


def test_debug_shows_all_of_ours_and_more_of_theirs() -> None:
    entries: list[Entry] = []
    with logging_to(entries.append, debug=True):
        get_log().debug("ours")
        logging.getLogger("greenroom_adapters.somewhere").debug("our adapter")
        logging.getLogger("some.sdk").info("theirs")
        logging.getLogger("some.sdk").debug("bodies of requests")
    assert [entry["event"] for entry in entries] == ["ours", "our adapter", "theirs"]


def test_exceptions_are_written_whole_and_without_their_secrets() -> None:
    entries: list[Entry] = []

    def fail() -> None:
        raise ValueError("refused sk-proj-abcdefghijklmnop")

    with logging_to(entries.append):
        try:
            fail()
        except ValueError:
            get_log().exception("turn failed", turn=3)
            logging.getLogger("some.sdk").exception("call failed")
    assert [entry["event"] for entry in entries] == ["turn failed", "call failed"]
    for entry in entries:
        assert entry["exception"].startswith("Traceback")
        assert entry["exception"].endswith("ValueError: refused ***")


def test_a_message_that_a_library_formats_wrongly_is_written_unformatted() -> None:
    entries: list[Entry] = []
    with logging_to(entries.append):
        logging.getLogger("some.sdk").error("%d of %d", "one")
    assert entries == [{"event": "%d of %d", "level": "error", "logger": "some.sdk"}]


def test_a_warning_of_python_is_an_entry() -> None:
    entries: list[Entry] = []
    with logging_to(entries.append), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("this will go away", DeprecationWarning, stacklevel=1)
    assert [entry["logger"] for entry in entries] == ["py.warnings"]
    assert "this will go away" in entries[0]["event"]


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    def closed(entry: Entry) -> None:
        raise BrokenPipeError

    with logging_to(closed):
        get_log().error("nobody reads this")
        logging.getLogger("some.sdk").error("nor this")


def test_entries_of_many_threads_are_written_one_at_a_time() -> None:
    busy = threading.Lock()
    overlaps: list[Entry] = []
    written: list[Entry] = []

    def write(entry: Entry) -> None:
        if not busy.acquire(blocking=False):
            overlaps.append(entry)
            return
        written.append(entry)
        busy.release()

    def chatter() -> None:
        for number in range(50):
            get_log().info("said", turn=number)
            logging.getLogger("some.sdk").warning("heard")

    with logging_to(write):
        threads = [threading.Thread(target=chatter) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not overlaps
    assert len(written) == 400


def test_afterwards_everything_logs_as_before() -> None:
    loggers = [logging.getLogger(name) for name in (None, "greenroom", "greenroom_adapters")]

    def state() -> list[object]:
        return [(logger.handlers[:], logger.level) for logger in loggers]

    before = state()
    with logging_to(lambda entry: None, debug=True):
        assert state() != before
    assert state() == before
