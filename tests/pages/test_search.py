"""The site's own search leads from a student's words to the page that answers them."""

import pytest

# The queries were written before anyone looked at what they find.
QUERIES = {
    "why is my gradient wrong": "symptoms",
    "not divided by N": "symptoms",
    "debug": "symptoms",
    "nan": "symptoms",
    "overflow": "symptoms",
    "loss stays at 2.3": "symptoms",
    "relative error 0.996": "symptoms",
    "loss goes up": "symptoms",
    "accuracy stuck at 0.1": "symptoms",
    "shapes not aligned": "symptoms",
    "only integer scalar arrays": "symptoms",
    "UnicodeDecodeError": "symptoms",
    "my changes have no effect": "symptoms",
    "gradient check": "04_gradient_check",
    "learning rate too high": "05_sgd",
    "minibatch": "05_sgd",
    "derivative of softmax": "02_naive_loss",
    "vectorize": "03_vectorized_loss",
    "grid search": "06_tuning",
    "svm or softmax": "08_inline_questions",
}


@pytest.mark.parametrize(("query", "found"), QUERIES.items(), ids=QUERIES)
def test_the_first_page_found_answers_the_question(page, site, query, found):
    page.goto(f"{site}search.html?q={query.replace(' ', '+')}")
    first = page.locator("#search-results ul.search > li > a").first
    assert first.get_attribute("href").startswith(f"book/{found}.html")
