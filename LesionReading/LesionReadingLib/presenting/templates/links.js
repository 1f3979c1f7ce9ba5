// Makes every number of a frame in the page's text a link that goes there; not in tables of facts, which tell of other studies' frames, too.
function linkNumbers(study, go) {
  "use strict";
  const [one, many] = study.words, count = study.captions.length;
  const number = "\\d+(?![\\d.]*\\d| ?mm)", list = `${number}(?:(?:, | and | to |–|〜|、)${number})*`;
  const wanted = new RegExp(`(?<![A-Za-z])(?:${many}|${one})\\s?(${list})`, "gi");

  function linked(text) {
    return text.split(/(\d+)/).map((piece) => {
      if (!(Number(piece) >= 1 && Number(piece) <= count)) return piece;
      const link = document.createElement("a");
      link.href = "#viewer";
      link.className = "go";
      link.textContent = piece;
      link.dataset.go = piece - 1;
      return link;
    });
  }

  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.closest("script, style, a, #viewer, summary, .facts") && node.data.search(wanted) >= 0) texts.push(node);
  }
  for (const node of texts) {
    const pieces = [];
    let done = 0;
    for (const found of node.data.matchAll(wanted)) {
      const end = found.index + found[0].length;
      pieces.push(node.data.slice(done, end - found[1].length), ...linked(found[1]));
      done = end;
    }
    node.replaceWith(...pieces, node.data.slice(done));
  }
  for (const cell of document.querySelectorAll("td.number")) cell.replaceChildren(...linked(cell.textContent));
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("a.go");
    if (!chosen) return;
    event.preventDefault();
    go(Number(chosen.dataset.go));
  });
}
