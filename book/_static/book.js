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

// Opened from disk, a page may not read the pages that a search has found, so the list
// shows their titles without a passage of each.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
