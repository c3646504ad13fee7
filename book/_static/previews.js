// Show what a link leads to beside it: a term of the glossary, a formula, a figure, a cited
// work. The preview comes when the pointer rests on the link or the keyboard reaches it, and
// goes with Escape. Opened from disk, a page may not read other pages, so there the previews
// are those of the page itself.
const PREVIEWED =
  'a.reference.internal:is([href*="glossary.html#"], [href*="bibliography.html#"], [href*="#equation-"], [href*="#fig-"])';
const pages = new Map([[location.pathname, Promise.resolve(document)]]);

// The page that a link leads to, read once.
function pageOf(url) {
  if (!pages.has(url.pathname)) {
    const read = fetch(url.pathname).then((answer) => {
      if (!answer.ok) throw new Error(answer.status);
      return answer.text();
    });
    pages.set(
      url.pathname,
      read.then((text) => new DOMParser().parseFromString(text, "text/html")),
    );
  }
  return pages.get(url.pathname);
}

// Copies of the elements that a link is about.
function partsOf(page, url) {
  const target = page.getElementById(decodeURIComponent(url.hash.slice(1)));
  if (!target) return [];
  let parts = [target];
  if (url.hash.startsWith("#fig-")) {
    const caption = target.closest("p") ?? target.nextElementSibling;
    const cell = caption?.previousElementSibling ?? target.previousElementSibling;
    parts = [cell?.querySelector("img"), caption];
  } else if (target.matches("section, span")) {
    const section = target.closest("section");
    parts = [...section.children].filter((child) => !child.matches("section, span"));
  }
  return parts.filter(Boolean).map((part) => {
    const copy = document.importNode(part, true);
    for (const element of [copy, ...copy.querySelectorAll("[id]")]) {
      element.removeAttribute("id");
    }
    for (const mark of copy.querySelectorAll(".headerlink")) mark.remove();
    for (const element of [copy, ...copy.querySelectorAll("[src], [href]")]) {
      for (const name of ["src", "href"]) {
        const address = element.getAttribute(name);
        if (address) element.setAttribute(name, new URL(address, url).href);
      }
    }
    return copy;
  });
}

document.addEventListener("DOMContentLoaded", () => {
  const box = document.createElement("div");
  box.className = "link-preview";
  box.id = "link-preview";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  document.body.append(box);
  let shown = null;
  let timer = 0;

  function hide() {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  }

  async function show(link) {
    hide();
    shown = link;
    const url = new URL(link.href);
    const parts = await pageOf(url)
      .then((page) => partsOf(page, url))
      .catch(() => []); // the link itself still works
    if (shown !== link || parts.length === 0) return;
    box.replaceChildren(...parts);
    box.hidden = false;
    link.setAttribute("aria-describedby", box.id);
    if (url.pathname !== location.pathname) await window.MathJax?.typesetPromise?.([box]);
    const at = link.getBoundingClientRect();
    const room = document.documentElement.clientWidth - box.offsetWidth - 8;
    const above = at.top - box.offsetHeight - 8;
    const top = at.bottom + box.offsetHeight + 8 < innerHeight || above < 0 ? at.bottom + 8 : above;
    box.style.left = `${scrollX + Math.max(8, Math.min(at.left, room))}px`;
    box.style.top = `${scrollY + top}px`;
  }

  const later = (action, milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
  for (const link of document.querySelectorAll(`article ${PREVIEWED}`)) {
    link.addEventListener("mouseenter", () => later(() => show(link), 300));
    link.addEventListener("mouseleave", () => later(hide, 300));
    link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
    link.addEventListener("blur", hide);
  }
  box.addEventListener("mouseenter", () => clearTimeout(timer));
  box.addEventListener("mouseleave", () => later(hide, 300));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
});
