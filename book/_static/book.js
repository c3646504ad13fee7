// A browser may break a line between a formula and the comma behind it, so the comma is
// moved into the formula's element, where book.css allows no break.
document.addEventListener("DOMContentLoaded", () => {
  for (const formula of document.querySelectorAll("span.math")) {
    const text = formula.nextSibling;
    const mark = text?.nodeType === Node.TEXT_NODE && text.data.match(/^[,.;:?!)]+/);
    if (mark) {
      text.deleteData(0, mark[0].length);
      formula.append(mark[0]);
    }
  }
});
