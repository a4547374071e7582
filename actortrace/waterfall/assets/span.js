// What is there to know about one span?

const STACK = "exception.stacktrace";

const describeSpan = (span) => {
  const figures = [["Took", span.took], ["Started at", span.from], ["Waited", span.wait]].filter(([, value]) => value !== undefined);
  parts.detail.replaceChildren(
    make("h2", span.mark ?? "", span.mark ? `${GLYPHS[span.mark]} ` : null, named(span.name)),
    make("p", "under", [span.aside, span.kind, span.service].filter(Boolean).join(" · ")),
    make("dl", "figures", ...figures.flatMap(([key, value]) => [make("dt", "", key), make("dd", "", duration(value))])),
    ...remarks(span),
    ...section("Links to", (span.links ?? []).map(describeLink), "ul"),
    ...section("Linked from", (span.linkedBy ?? []).map(describeLink), "ul"),
    ...section("Events", (span.events ?? []).map(describeEvent), "div"),
    ...section("Attributes", pairs(span.attributes ?? []), "dl"),
    ...section("Identity", pairs(identity(span)), "dl"));
  parts.detail.scrollTop = 0;
};

const section = (title, content, tag) => (content.length ? [make("h3", "", title), make(tag, "", ...content)] : []);

const pairs = (list) => list.flatMap(([key, value]) => [make("dt", "", key), make("dd", "", value)]);

const remarks = (span) => [
  span.error && make("p", "failure", span.error),
  span.missing && make("p", "remarks", `Its parent ${span.missing} is not above it: it is missing from the file, or is one of its own descendants.`),
  span.dropped && make("p", "remarks", `The program that recorded it threw away ${span.dropped} of its attributes, events and links.`),
].filter(Boolean);

const identity = (span) => [
  ["trace", trace.id],
  ["span", span.id],
  ["parent", span.parent === undefined ? span.missing : trace.spans[span.parent].id],
  ["state", span.state],
].filter(([, value]) => value);

const describeLink = (link) => {
  const where = link.trace === trace.id ? "" : ` in trace ${link.trace.slice(0, 8)}`;
  const attributes = link.attributes?.length ? make("dl", "", ...pairs(link.attributes)) : null;
  if (link.name === null) return make("li", "", `span ${link.span}`, make("small", "", `${where}, not in this file`), attributes);
  const anchor = make("a", "", named(link.name));
  anchor.href = address(link.trace, link.span);
  return make("li", "", anchor, make("small", "", where), attributes);
};

const describeEvent = (event) => {
  const stack = event.attributes.find(([key]) => key === STACK);
  // A stack trace ends in the exception's type and message, and the span's error repeats them.
  const others = event.attributes.filter(([key]) => !stack || !key.startsWith("exception."));
  return make("div", "event",
    make("span", "when", `at ${duration(event.at)}`),
    make("strong", "", named(event.name)),
    others.length ? make("dl", "", ...pairs(others)) : null,
    stack ? make("pre", "", stack[1].trimEnd()) : null);
};
