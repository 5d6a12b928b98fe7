"""Files as passages: what is read out of each kind, and what is said of those that cannot be read."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.memory import Document, Unreadable, files_of, read_document
from greenroom.memory.documents import LARGEST, PASSAGE, Section, passages_of


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def pdf_of(*pages: str, title: str = "") -> bytes:
    """Return a PDF with a line of text on each page, written by hand."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, page in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        stream = f"BT /F1 12 Tf 50 700 Td ({page}) Tj ET".encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects.append(f"<< /Title ({title}) >>".encode())
    file = io.BytesIO()
    file.write(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(objects, 1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    file.write(b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects)))
    file.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return file.getvalue()


def test_markdown_is_read_by_its_headings_without_its_marks(tmp_path: Path) -> None:
    text = (
        "---\ntags: [x]\n---\n# Opening **times**\n\nThursdays, see [the map](map.html) or "
        "[the town](https://a.example/x).\n<!-- not for readers -->\n## Holidays\n\n```\n# no heading\n```\n"
        "Closed.\n### August\nEvery second week.\n## Price\nNone."
    )
    document = read_document(written(tmp_path, "times.md", text))
    assert document.title == "Opening times"
    assert [section.heading for section in document.sections] == ["", "Holidays", "Holidays / August", "Price"]
    assert "see the map or the town (https://a.example/x)." in document.sections[0].text
    assert "# no heading" in document.sections[1].text
    assert not any("not for readers" in section.text for section in document.sections)


def test_a_page_is_read_without_its_menus_and_programs(tmp_path: Path) -> None:
    page = (
        "<html><head><title>The caf&eacute;</title><style>p{}</style></head><body><nav>Home | Contact</nav>"
        "<h1>Repairs</h1><p>Lamps &amp; radios.</p><script>var secret = 1;</script>"
        "<h2>Not these</h2><ul><li>Microwaves</li><li>Boilers</li></ul><footer>2026</footer></body></html>"
    )
    document = read_document(written(tmp_path, "cafe.html", page))
    assert document.title == "The café"
    assert [(one.heading, one.text.split()) for one in document.sections] == [
        ("Repairs", ["Lamps", "&", "radios."]),
        ("Not these", ["-", "Microwaves", "-", "Boilers"]),
    ]


def test_a_page_nested_beyond_all_measure_is_read(tmp_path: Path) -> None:
    page = "<div>" * 50_000 + "The lamp is lit." + "</div>" * 50_000
    assert list(passages_of(read_document(written(tmp_path, "deep.html", page)))) == [("", "The lamp is lit.")]


def test_a_text_has_the_name_of_its_file(tmp_path: Path) -> None:
    document = read_document(written(tmp_path, "house_rules-2026.txt", "Unplug it.\r\n\r\nThank you."))
    assert document.title == "house rules 2026"
    assert list(passages_of(document)) == [("", "Unplug it.\nThank you.")]


def test_a_pdf_is_read_page_by_page(tmp_path: Path) -> None:
    document = read_document(
        written(tmp_path, "lamp.pdf", pdf_of("The lamp burns oil.", "It is lit at six.", title="The lamp"))
    )
    assert document.title == "The lamp"
    assert [(one.heading, one.text.strip()) for one in document.sections] == [
        ("page 1", "The lamp burns oil."),
        ("page 2", "It is lit at six."),
    ]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.md", b"fine\nfine\n\xff\xff\xff", "line 3 is not UTF-8: save it as UTF-8 text"),
        ("a.txt", b"one\0two", "it is no text: there are zero bytes in it"),
        ("a.md", b"  \n\n", "there is no text in it"),
        ("a.pdf", b"%PDF-1.4\nnothing of the kind", "it is broken"),
        ("a.pdf", b"", "it is broken"),
        ("a.pdf", pdf_of(""), "there is no text in it: are its pages pictures?"),
        ("a.html", b"<script>only()</script>", "there is no text in it"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_mend(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(why)):
        read_document(written(tmp_path, name, content))


def test_a_locked_pdf_is_told(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of("secret"))))
    writer.encrypt("word", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    with pytest.raises(Unreadable, match="it is locked with a password"):
        read_document(written(tmp_path, "locked.pdf", locked.getvalue()))


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(Unreadable, match="split it"):
        read_document(path)


def test_patterns_mean_the_files_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.md", "a.txt", "picture.png", "sub/c.pdf"):
        written(tmp_path, name, "x")
    names = [path.name for path in files_of([tmp_path / "**" / "*", tmp_path / "a.txt", tmp_path / "none" / "*.md"])]
    assert names == ["a.txt", "b.md", "c.pdf"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=5000), st.integers(1, 2000))
def test_passages_keep_every_word_and_their_length(text: str, run: int) -> None:
    text = f"{text}\n\n{'x' * run}"
    passages = list(passages_of(Document(title="t", sections=(Section(heading="h", text=text),))))
    assert all(0 < len(passage) <= PASSAGE for _, passage in passages)
    assert "".join("".join(passage for _, passage in passages).split()) == "".join(text.split())
