// How the pages that a search has found are ordered. Sphinx gives a page the score of
// its best word, so most pages tie, and the alphabet decides. Here every word counts:
// most in the title of a page, less in a heading, least in the text. A heading that
// contains a query of three words comes first, a definition last, of equals the earlier.
var Scorer = {
  objNameMatch: 100, // the full name of a function
  objPartialMatch: 0,
  objPrio: { 0: 0, 1: 0, 2: 0 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([docname, , anchor, description, score]) => {
    if (description !== null) return score;
    const { docnames, titles, titleterms, terms } = Search._index;
    const file = docnames.indexOf(docname);
    const has = (index, word) => [index[word] ?? []].flat().includes(file);
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const words = [...Search._parseQuery(query)[1]];
    const ofPage = Search._parseQuery(titles[file])[1];
    const isPhrase = anchor !== "" && query.trim().split(/\s+/).length > 2;
    let sum = isPhrase ? 50 + score : 0;
    for (const word of words) {
      if (ofPage.has(word)) sum += 6;
      else if (has(titleterms, word)) sum += 4;
      else if (has(terms, word)) sum += 1;
    }
    if (/glossary|reference|notation/.test(docname)) sum /= 100;
    return (sum || score / 100) - file / 1000;
  },
};
