// Where on the axis of time do bars, ticks and links stand?

const SVG = "http://www.w3.org/2000/svg";
const OUTSIDE = 5; // percent: browsers place nothing well a million pixels away

const wholeTrace = () => [0, trace.took || 1];

const place = (nanoseconds) => ((nanoseconds - view[0]) / (view[1] - view[0])) * 100;

const nearby = (percent) => Math.max(-OUTSIDE, Math.min(percent, 100 + OUTSIDE));

const showTimes = (range) => {
  view = range;
  parts.unzoom.hidden = view[0] === 0 && view[1] === wholeTrace()[1];
  trace.spans.forEach((span, index) => {
    const [bar, wait, remark] = ["bar", "wait", "remark"].map((part) => rows[index].querySelector(`.${part}`));
    const [start, end] = [nearby(place(span.from)), nearby(place(span.from + span.took))];
    const waited = nearby(place(span.from - (span.wait ?? 0)));
    bar.style.left = `min(${start}%, 100% - 2px)`;
    bar.style.width = `${end - start}%`;
    bar.hidden = end < 0 || start > 100;
    if (wait) {
      wait.style.left = `${waited}%`;
      wait.style.width = `${start - waited}%`;
    }
    if (remark) placeRemark(remark, start, end);
  });
  drawTicks();
  drawLinks();
};

// On the side of the bar where there is more room; where there is none, the details have it too.
const placeRemark = (remark, start, end) => {
  const [before, after] = [Math.min(start, 100), 100 - Math.max(end, 0)];
  remark.hidden = Math.max(before, after) < 20;
  remark.style.left = after >= before ? `calc(${100 - after}% + 4px)` : "auto";
  remark.style.right = after >= before ? "auto" : `calc(${100 - before}% + 4px)`;
};

const zoom = (index) => {
  const { from, took } = trace.spans[index];
  const margin = Math.max(took, trace.took / 1e6, 1) * 0.15;
  showTimes([Math.max(0, from - margin), Math.min(wholeTrace()[1], from + took + margin)]);
};

const drawTicks = () => {
  const rough = (view[1] - view[0]) / Math.max(2, Math.min(parts.ticks.clientWidth / 70, 10));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough;
  const first = Math.ceil(view[0] / step) * step;
  const ticks = Array.from({ length: Math.floor((view[1] - first) / step) + 1 }, (_, number) => first + number * step);
  let texts = ticks.map((tick) => (tick ? duration(tick) : "0"));
  // Far from the start the digits that differ are not among the first three.
  if (new Set(texts).size < texts.length) texts = texts.map((text, number) => (number ? `+ ${duration(number * step)}` : text));
  parts.ticks.replaceChildren(...ticks.flatMap((tick, number) => (place(tick) < 92 ? at(tick, make("span", "", texts[number])) : [])));
  parts.grid.replaceChildren(...ticks.map((tick) => at(tick, make("i"))));
};

const at = (nanoseconds, element) => {
  element.style.left = `${place(nanoseconds)}%`;
  return element;
};

// From the end of a restart to the start of the message that was handled next; other links only
// where they begin or end at the chosen span.
const drawLinks = () => {
  parts.grid.querySelector("svg")?.remove();
  const heights = new Map();
  rows.forEach((row, index) => row.hidden || heights.set(index, heights.size + 0.5));
  const indexes = new Map(trace.spans.map((span, index) => [span.id, index]));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 100 ${heights.size}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.style.height = `calc(${heights.size} * var(--row))`;
  trace.spans.forEach((span, index) => {
    for (const link of span.links ?? []) {
      const target = link.trace === trace.id ? indexes.get(link.span) : undefined;
      if (target === index || !heights.has(index) || !heights.has(target)) continue;
      const isReturn = link.mark === "restart";
      if (isReturn || index === chosen || target === chosen) svg.append(drawLink(target, index, heights, isReturn));
    }
  });
  if (svg.childElementCount) parts.grid.append(svg);
};

const drawLink = (target, index, heights, isReturn) => {
  const path = document.createElementNS(SVG, "path");
  const { from, took } = trace.spans[target];
  const [end, start] = [nearby(place(from + took)), nearby(place(trace.spans[index].from))];
  const edge = heights.get(index) + (target < index ? -0.18 : 0.18);
  path.setAttribute("d", `M ${Math.min(end, start)} ${heights.get(target)} H ${start} V ${edge}`);
  if (isReturn) path.classList.add("restart");
  return path;
};

const hideCursor = () => document.querySelectorAll(".cursor").forEach((cursor) => cursor.remove());

const showCursor = (x) => {
  const area = parts.ticks.getBoundingClientRect();
  const share = (x - area.left) / area.width;
  hideCursor();
  if (share < 0 || share > 1) return;
  const moment = view[0] + share * (view[1] - view[0]);
  parts.ticks.append(at(moment, make("span", "cursor", duration(moment))));
  parts.grid.append(at(moment, make("i", "cursor")));
};
