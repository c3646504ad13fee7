"""Glossary, notation, bibliography, reference: what is linked, and what leads back."""

import functools
import re

import nbformat
import pytest
from pybtex.database import parse_file

from tests.test_architecture import ROOMS
from tools.checker.bound import PAGES, bindings_of, name_of
from tools.checker.chapters import BOOK, CHAPTERS, NOTEBOOKS, ROOT
from tools.checker.links import (
    CLOSED,
    equation_labels,
    function_targets,
    link_first_mentions,
    misleading_links,
    term_targets,
    with_links,
)
from tools.checker.numbering import CAPTION, LINK, figure_numbers, with_numbers
from tools.checker.prose import prose_of
from tools.checker.solutions import executed_cells

each_notebook = pytest.mark.parametrize(
    "chapter", NOTEBOOKS, ids=lambda path: path.stem
)
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def page(name):
    return (BOOK / f"{name}.md").read_text("utf-8")


README = (ROOT / "README.md").read_text("utf-8")


def text_of(chapter):
    return prose_of(nbformat.read(chapter, as_version=4).cells)


def sections(text, level):
    """The headings of a level of a page, each with the text below it."""
    parts = re.split(rf"^{'#' * level} (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def notation_rows():
    for line in page("notation").splitlines():
        if line.startswith("| ") and not line.startswith("| symbol"):
            symbol, code, *_, first = (part.strip() for part in line[1:-1].split(" | "))
            name = re.search(r"\((\w+)\.ipynb\)", first)[1]
            yield pytest.param(symbol, code.strip("`"), name, id=f"{symbol} {name}")


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("A minibatch.", "A [minibatch](glossary.md#minibatch)."),
        ("Two **minibatches**", "Two [**minibatches**](glossary.md#minibatch)"),
        ("The softmax loss", "The [softmax loss](glossary.md#softmax-loss)"),
        ("Kinks and a kink", "[Kinks](glossary.md#kink) and a kink"),
        (
            "`softmax_loss_naive`",
            "[`softmax_loss_naive`]"
            "(reference.md#softmax_lib.losses.softmax_loss_naive)",
        ),
        *[
            (untouched, untouched)
            for untouched in (
                "## The minibatch",
                "$kink$ and $$\nkink\n$$ and `kink` and a kinkajou",
                "[a kink](04_gradient_check.ipynb), {ref}`kink`",
                "```{admonition} Predict: a kink\n:class: kink\n```",
                "```python\nkink = `softmax_loss_naive`\n```",
                "| kink | `softmax_loss_naive` |",
                "(fig-04-v)=\n**Figure 4.1.** A kink.",
            )
        ],
    ],
)
def test_a_first_mention_is_linked_and_nothing_else(text, linked):
    assert with_links(text, set()) == linked


def test_a_mention_that_is_linked_by_hand_is_left_alone():
    cells = [
        nbformat.v4.new_markdown_cell(source)
        for source in ("A kink?", "A kink.", "[Its kink](glossary.md#kink).")
    ]
    link_first_mentions(cells)
    assert [cell.source for cell in cells][1] == "A kink."


@each_notebook
def test_the_first_mention_of_each_term_and_function_is_linked(chapter):
    before = nbformat.read(chapter, as_version=4).cells
    after = nbformat.read(chapter, as_version=4).cells
    link_first_mentions(after)
    assert [cell.source for cell in after] == [cell.source for cell in before], (
        "run `make text`"
    )


@each_notebook
def test_a_link_to_the_glossary_or_the_reference_leads_somewhere(chapter):
    there = {*term_targets().values(), *function_targets().values()}
    links = re.findall(r"\(((?:glossary|reference)\.md#[^)]*)\)", text_of(chapter))
    assert set(links) <= there


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("[chapter 5](05_sgd.ipynb#the-loop)", "[chapter 5](06_tuning.ipynb)"),
        ("[Chapter 4](04_gradient_check.ipynb)", "[Chapter 5](04_check.ipynb)"),
        ("chapters 2 and [3](03_vectorized_loss.ipynb)", "[3](02_naive_loss.ipynb)"),
        ("[`a`](reference.md#lib.a)", "[`a`](reference.md#lib.b)"),
        (
            "[Wilson, 1927](bibliography.md#wilson1927)",
            "[Wilson, 1928](bibliography.md#wilson1927)",
        ),
        (
            "[test of Cox (1958)](bibliography.md#cox1958)",
            "[Fox (1958)](bibliography.md#cox1958)",
        ),
        (
            "[course notes](bibliography.md#cs231n)",
            "[Notes (2016)](bibliography.md#cs231n)",
        ),
        ("by {eq}`eq-02-loss`", "by {eq}`eq-02-lose`"),
        (
            "[the loss goes up](symptoms.ipynb#the-loss-goes-up-during-training)",
            "[The loss goes down](symptoms.ipynb#the-loss-goes-up-during-training)",
        ),
        ("[with minibatches](#with-minibatches)", "[without it](#with-it)"),
        (
            "[the page of symptoms](#the-loss-goes-up)",
            "[up goes the loss](#the-loss-goes-up)",
        ),
        (
            "[exercise 2 of the worksheet](../worksheet/softmax.ipynb#exercise-2-x)",
            "[Exercise 3](../worksheet/softmax.ipynb#exercise-2-x)",
        ),
    ],
)
def test_a_link_that_names_something_else_is_found(right, wrong):
    labels = equation_labels("$$\nL .\n$$ (eq-02-loss)\n")
    assert list(misleading_links(right, labels)) == []
    assert len(list(misleading_links(wrong, labels))) == 1


@pytest.fixture(scope="module")
def texts():
    return {
        path: text_of(path) if path.suffix == ".ipynb" else path.read_text("utf-8")
        for path in PAGES
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_link_leads_to_what_it_names(path, texts):
    labels = equation_labels("\n".join(texts.values()))
    assert list(misleading_links(texts[path], labels)) == []


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (page("introduction"), r"(?m)^\| \[.*?\]\((\w+)\.ipynb\) \|.*\| (`.*`) \|$"),
        (README, r"(?m)^\| .* \| `book/(\w+)\.ipynb` \| (`.*`) \|$"),
    ],
    ids=["introduction", "README"],
)
def test_a_table_names_the_modules_that_a_chapter_teaches(text, row):
    named = {
        name: set(re.findall(r"`(\w+)`", modules))
        for name, modules in re.findall(row, text)
    }
    taught = {
        path.stem: {
            module for module, (_, names, _) in ROOMS.items() if path.stem in names
        }
        for path in CHAPTERS
    }
    assert named == taught


def test_the_closing_table_names_the_chapter_of_each_number():
    bound = iter(bindings_of(BOOK / "closing.md")["closing"])
    for row in re.findall(r"(?m)^\| .*\(\d\d_\w+\.ipynb\) \|$", page("closing")):
        chapter = re.search(r"\((\w+)\.ipynb\)", row)[1]
        cells = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4).cells
        names = {name_of(cell.id) for cell in executed_cells(cells)}
        number = re.search(r"0\.\d+(?= \|)", row)[0]
        expression = next(source for told, source in bound if told == number)
        assert set(re.findall(r"\w+(?=\[)", expression)) <= names, row


@each_chapter
def test_a_chapter_links_to_the_notation(chapter):
    assert "](notation.md)" in text_of(chapter)


def test_a_glossary_term_names_the_chapter_that_teaches_it():
    terms = sections(page("glossary"), 3)
    chapters = {chapter.name for chapter in CHAPTERS}
    for term, text in terms.items():
        linked = re.findall(r"\((\w+\.ipynb)(?:#[\w-]+)?\)", text.split("\n#")[0])
        assert linked, term
        assert set(linked) <= chapters, term


def first_mentions(text):
    """Map each term to whether its first mention is in bold.

    Headings, listings, formulas, boxes and links to where it is explained do not count.
    """
    box = r"^(?P<fence>`{3,})\{admonition\}.*?^(?P=fence)$"
    text = re.sub(box, "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\(glossary[^)]*\)", r"\1", text)
    text = CLOSED.sub(" ", text).replace("support vector machine", "machine")
    targets = term_targets()
    longest_first = "|".join(sorted(map(re.escape, targets), key=len, reverse=True))
    bold = [found.span() for found in re.finditer(r"\*\*[^*\n]+\*\*", text)]
    first = {}
    for found in re.finditer(rf"(?<![\w-])(?:{longest_first})(?![\w-])", text, re.I):
        inside = any(start < found.start() < end for start, end in bold)
        first.setdefault(targets[found[0].lower()], inside)
    return first


@functools.cache
def terms_in_bold(name):
    """Find the terms that are first mentioned in bold in the first cell or after it."""
    opening, *rest = nbformat.read(BOOK / name, as_version=4).cells
    mentions = [first_mentions(prose_of(cells)) for cells in ([opening], rest)]
    return {place for part in mentions for place, bold in part.items() if bold}


@pytest.mark.parametrize("term", sections(page("glossary"), 3))
def test_the_chapter_that_teaches_a_term_first_mentions_it_in_bold(term):
    text = sections(page("glossary"), 3)[term]
    name = re.search(r"\((\w+\.ipynb)", text)[1]
    assert term_targets()[term.lower()] in terms_in_bold(name)


def test_the_terms_of_the_glossary_stand_in_alphabetical_order():
    terms = [term.lower() for term in sections(page("glossary"), 3)]
    assert terms == sorted(set(terms))


@functools.cache
def formulas_of(chapter):
    cells = nbformat.read(chapter, as_version=4).cells
    return re.findall(r"\$\$.*?\$\$|\$[^$]+\$|reg", prose_of(cells), re.DOTALL)


# These stand for something else in an earlier chapter, which explains it there.
WITH_ANOTHER_MEANING = {
    *(("$t$", "09_speed"), ("$p$", "05_sgd"), ("$z$", "12_certainty")),
    *((symbol, "13_features") for symbol in ("$G$", "$K$", "$u$", "$V$")),
}


@pytest.mark.parametrize(("symbol", "code", "name"), list(notation_rows()))
def test_a_symbol_comes_first_in_the_chapter_that_the_notation_names(
    symbol, code, name
):
    alone = re.compile(rf"(?<![A-Za-z\\{{]){re.escape(symbol.strip('$'))}(?![A-Za-z])")
    having = [
        path.stem for path in CHAPTERS if alone.search(" ".join(formulas_of(path)))
    ]
    assert name in having
    assert (name == having[0]) == ((symbol, name) not in WITH_ANOTHER_MEANING)
    word = re.escape(code.split("(")[0].split("[")[0])
    used = "\n".join(
        path.read_text("utf-8")
        for path in [*CHAPTERS, *BOOK.parent.glob("softmax_lib/*.py")]
    )
    assert re.search(rf"\b{word}\b", used)


def test_every_citation_has_its_entry_and_every_entry_is_cited():
    texts = [*map(text_of, NOTEBOOKS), page("closing")]
    cited = re.findall(r"\]\(bibliography\.md#(\w+)\)", "\n".join(texts))
    assert set(cited) == set(parse_file(BOOK / "references.bib").entries)


def test_an_entry_is_named_after_its_first_author_and_year():
    for key, entry in parse_file(BOOK / "references.bib").entries.items():
        (author, *_) = entry.persons["author"]
        name = re.sub(r"\W", "", author.last_names[-1].lower())
        assert key.startswith(name) or name.endswith(key)
        assert key.endswith(entry.fields.get("year", ""))


@functools.cache
def citations():
    """How each entry of the bibliography can be cited: all its authors, or et al."""
    forms = {}
    for key, entry in parse_file(BOOK / "references.bib").entries.items():
        names = [
            " ".join(p.prelast_names + p.last_names) for p in entry.persons["author"]
        ]
        *others, last = names
        told = {f"{', '.join(others)} and {last}" if others else last}
        if len(names) > 2:
            told.add(f"{names[0]} et al.")
        year = entry.fields.get("year")
        forms[key] = {
            f"{name}{at}" for name in told for at in (f" ({year})", f", {year}")
        }
    return {**forms, "cs231n": {"course notes"}}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_citation_names_the_authors_in_their_order(path, texts):
    links = re.findall(r"\[([^\]]*)\]\(bibliography\.md#(\w+)\)", texts[path])
    told = {
        (" ".join(words.split()).removeprefix("test of "), key) for words, key in links
    }
    assert {cited for cited in told if cited[0] not in citations()[cited[1]]} == set()


def test_authors_in_another_order_are_no_citation():
    assert "Liu and Nocedal, 1989" in citations()["liu1989"]
    assert "Nocedal and Liu, 1989" not in citations()["liu1989"]
    assert "Guo et al. (2017)" in citations()["guo2017"]
    assert "Williams and Waterman (2009)" not in citations()["williams2009"]


@pytest.mark.parametrize("module", ROOMS)
def test_the_reference_leads_to_the_chapters_that_teach_a_module(module):
    _, chapters, _ = ROOMS[module]
    section = sections(page("reference"), 2).get(module, "")
    there = {chapter.stem for chapter in CHAPTERS} & set(chapters)
    assert there <= set(re.findall(r"\((\w+)\.ipynb\)", section))


@pytest.mark.parametrize(
    ("text", "numbered"),
    [
        ("(fig-07-b)=\n**Figure .** Two.", "(fig-07-b)=\n**Figure 7.2.** Two."),
        ("See [Figure ](#fig-07-b).", "See [Figure 7.2](#fig-07-b)."),
        ("[Figure 9.9](x.ipynb#fig-07-b)", "[Figure 7.2](x.ipynb#fig-07-b)"),
        ("[Figure 7.2](#fig-07-gone)", "[Figure ?](#fig-07-gone)"),
        ("Figure 7.9 of another book", "Figure 7.9 of another book"),
    ],
)
def test_captions_and_links_to_figures_get_their_numbers(text, numbered):
    assert with_numbers(text, {"fig-07-b": "7.2"}) == numbered


@each_chapter
def test_each_figure_has_a_caption_and_the_text_refers_to_it(chapter):
    cells = nbformat.read(chapter, as_version=4).cells
    labels = []
    for cell, below in zip(cells, [*cells[1:], None], strict=True):
        if "image/png" in str(cell.get("outputs")):
            caption = CAPTION.match(below.source)
            assert caption, below.source
            labels.append(caption[2])
    text = prose_of(cells)
    assert [caption[2] for caption in CAPTION.finditer(text)] == labels
    assert len(set(labels)) == len(labels)
    assert all(label.startswith(f"fig-{chapter.stem[:2]}-") for label in labels)
    assert set(labels) <= {link[3] for link in LINK.finditer(text)}


@pytest.fixture(scope="module")
def numbers():
    return figure_numbers()


@pytest.mark.parametrize(
    "path", [*NOTEBOOKS, *sorted(BOOK.glob("*.md"))], ids=lambda path: path.stem
)
def test_the_numbers_of_figures_are_right(path, numbers):
    text = text_of(path) if path.suffix == ".ipynb" else path.read_text("utf-8")
    assert text == with_numbers(text, numbers)
    assert len(re.findall(r"Figure \d", text)) == len(CAPTION.findall(text)) + len(
        LINK.findall(text)
    ), "the number of a figure that is neither a caption nor a link"
