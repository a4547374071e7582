// How is one trace drawn, a row for each span, and what of it is folded away?

const DEEPEST_INDENT = 24;

const drawTrace = () => {
  const services = [...new Set(trace.spans.map((span) => span.service).filter(Boolean))];
  const facts = [dateAndTime.format(trace.at), duration(trace.took), count(trace.spans.length, "span"), services.join(", ")];
  parts.heading.replaceChildren(
    make("h1", "", make("span", "", named(trace.name)), badges(trace, { inWords: true })),
    make("p", "", ...facts.filter(Boolean).map((fact) => make("span", "", fact)), make("code", "", trace.id)));
  const parents = new Set(trace.spans.map((span) => span.parent));
  rows = trace.spans.map((span, index) => drawRow(span, index, parents.has(index)));
  parts.rows.replaceChildren(...rows);
  parts.waterfall.scrollTop = 0;
  showTimes(wholeTrace());
};

const drawRow = (span, index, hasChildren) => {
  const indent = make("span", "indent");
  indent.style.setProperty("--depth", Math.min(span.depth, DEEPEST_INDENT));
  const row = make("div", `row ${span.kind}`,
    make("div", "name", indent, make("span", "fold"),
      span.mark ? make("span", "glyph", GLYPHS[span.mark]) : null,
      make("span", "label", named(span.name)),
      span.aside ? make("span", "aside", span.aside) : null),
    make("div", "track",
      span.wait ? make("i", "wait") : null,
      make("i", "bar"),
      remarkOn(span)),
    make("div", "took", duration(span.took)));
  if (span.mark) row.classList.add(span.mark);
  if (span.missing) row.classList.add("missing");
  row.title = summary(span);
  row.dataset.index = index;
  row.tabIndex = -1;
  row.setAttribute("role", "treeitem");
  row.setAttribute("aria-level", span.depth + 1);
  row.setAttribute("aria-selected", "false");
  if (hasChildren) row.setAttribute("aria-expanded", "true");
  return row;
};

const remarkOn = (span) => {
  const isBack = span.links?.find((link) => link.mark === "restart");
  const text = span.error ?? (isBack ? `↳ links to ${isBack.name}` : span.reason && `reason: ${span.reason}`);
  return text ? make("span", "remark", text) : null;
};

const summary = (span) => [
  [span.name, span.aside].filter(Boolean).join(" · "),
  `${duration(span.took)}, from ${duration(span.from)} on`,
  span.wait && `waited ${duration(span.wait)} in the mailbox`,
  span.error,
  span.missing && `its parent ${span.missing} is not above it`,
].filter(Boolean).join("\n");

const isFolded = (index) => rows[index].getAttribute("aria-expanded") === "false";

const fold = (index, isClosed) => {
  rows[index].setAttribute("aria-expanded", String(!isClosed));
  let closed = isClosed ? trace.spans[index].depth : Infinity; // the depth of the folded row above
  for (let at = index + 1; trace.spans[at]?.depth > trace.spans[index].depth; at++) {
    const { depth } = trace.spans[at];
    if (depth <= closed) closed = isFolded(at) ? depth : Infinity;
    rows[at].hidden = depth > closed;
  }
  if (rows[chosen]?.hidden) go(index);
  drawLinks();
};

const unfoldAbove = (index) => {
  for (let at = trace.spans[index].parent; at !== undefined; at = trace.spans[at].parent) {
    if (isFolded(at)) fold(at, false);
  }
};
