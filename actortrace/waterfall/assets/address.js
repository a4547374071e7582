// Where is the reader? What follows # in the address is a trace, or a trace and a span in it, so that
// links are links, and going back works.

const address = (traceId, spanId) => `#${traceId}${spanId ? `/${spanId}` : ""}`;

const go = (index) => {
  choose(index);
  location.replace(address(trace.id, trace.spans[index].id));
};

const follow = () => {
  const [traceId, spanId] = location.hash.slice(1).split("/");
  const wanted = traces.get(traceId) ?? traces.get(data.trace);
  if (!wanted) return;
  if (wanted !== trace) {
    trace = wanted;
    chosen = -1;
    drawTrace();
    markCurrent();
    document.title = `${named(trace.name)} · ${data.source} · actortrace`;
  }
  const spanToShow = traces.has(traceId) ? spanId : data.span;
  if (chosen >= 0 && trace.spans[chosen].id === spanToShow) return;
  const asked = trace.spans.findIndex((span) => span.id === spanToShow);
  const marked = trace.spans.findIndex((span) => span.mark === "crash" || span.mark === "restart");
  choose([asked, marked, 0].find((index) => index >= 0));
};

const choose = (index) => {
  const isJump = Math.abs(index - chosen) > 1;
  const hadFocus = rows[chosen]?.contains(document.activeElement);
  if (rows[chosen]) {
    rows[chosen].setAttribute("aria-selected", "false");
    rows[chosen].tabIndex = -1;
  }
  chosen = index;
  unfoldAbove(index);
  rows[index].setAttribute("aria-selected", "true");
  rows[index].tabIndex = 0;
  // What comes before and after a row that was jumped to is wanted too.
  rows[index].scrollIntoView({ block: isJump && !isInSight(rows[index]) ? "center" : "nearest" });
  if (hadFocus) rows[index].focus({ preventScroll: true });
  describeSpan(trace.spans[index]);
  drawLinks();
};

const isInSight = (row) => {
  const [sight, place] = [parts.waterfall.getBoundingClientRect(), row.getBoundingClientRect()];
  return place.top >= sight.top + parts.ruler.clientHeight && place.bottom <= sight.bottom;
};
