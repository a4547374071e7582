// What happens first?

const spans = data.traces.reduce((sum, trace) => sum + trace.spans.length, 0);
const crashed = data.traces.filter((trace) => trace.marks.crash).length;

parts.source.textContent = data.source;
parts.notice.textContent = data.notice ?? "";
parts.notice.hidden = !data.notice;
parts.totals.textContent = `${count(data.traces.length, "trace")} · ${count(spans, "span")}`;
parts["crash-count"].textContent = crashed.toLocaleString("en");

parts.rows.addEventListener("click", onClick);
parts.rows.addEventListener("dblclick", onDoubleClick);
parts.sheet.addEventListener("pointermove", (event) => showCursor(event.clientX));
parts.sheet.addEventListener("pointerleave", hideCursor);
parts.unzoom.addEventListener("click", () => showTimes(wholeTrace()));
parts.filter.addEventListener("input", filterTraces);
parts.crashes.addEventListener("change", filterTraces);
document.addEventListener("keydown", onKey);
addEventListener("hashchange", follow);
addEventListener("resize", () => {
  if (!trace) return;
  drawTicks();
  drawLinks();
});

listTraces();
filterTraces();
follow();
