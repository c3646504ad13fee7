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

// Docutils gives the bibliography and its entries roles that no longer fit each other.
document.addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll(".citation-list, [role=doc-biblioentry]")) {
    part.removeAttribute("role");
  }
});

// The theme lets the arrow keys scroll wide code, but not code folded away when it looks.
document.addEventListener("click", ({ target }) => {
  const fold = target.closest(".admonition.dropdown");
  for (const code of fold?.querySelectorAll("pre") ?? []) {
    code.tabIndex = code.scrollWidth > code.clientWidth ? 0 : -1;
  }
});

// What is printed cannot be unfolded. (Answers and solutions: sphinx-togglebutton's part.)
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details")) {
    fold.open = true;
  }
});
