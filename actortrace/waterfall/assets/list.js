// Which traces are there, and which of them does the reader want to see?

const listTraces = () => {
  parts.list.replaceChildren(...data.traces.map((trace) => {
    const item = make("a", "item",
      make("span", "title", named(trace.name)),
      badges(trace, { inWords: false }),
      make("span", "sub", `${timeOfDay.format(trace.at)} · ${count(trace.spans.length, "span")}`),
      make("span", "length", duration(trace.took)));
    item.href = address(trace.id);
    item.tabIndex = -1;
    item.dataset.trace = trace.id;
    return item;
  }));
};

const searchable = new Map();

const textOf = (trace) => {
  if (!searchable.has(trace.id)) {
    const words = new Set(trace.spans.flatMap((span) => [span.name, span.aside ?? "", span.id]));
    searchable.set(trace.id, [trace.id, ...words].join("\n").toLowerCase());
  }
  return searchable.get(trace.id);
};

const filterTraces = () => {
  const wanted = parts.filter.value.trim().toLowerCase();
  let left = 0;
  for (const item of parts.list.children) {
    const trace = traces.get(item.dataset.trace);
    item.hidden = (parts.crashes.checked && !trace.marks.crash) || !textOf(trace).includes(wanted);
    left += item.hidden ? 0 : 1;
  }
  parts.none.hidden = left > 0;
};

const currentItem = () => parts.list.querySelector("[aria-current]");

const markCurrent = () => {
  const before = currentItem();
  before?.removeAttribute("aria-current");
  if (before) before.tabIndex = -1;
  const item = [...parts.list.children].find((item) => item.dataset.trace === trace.id);
  item.setAttribute("aria-current", "true");
  item.tabIndex = 0;
  item.scrollIntoView({ block: "nearest" });
};

const neighbour = (item, by) => {
  do item = by > 0 ? item?.nextElementSibling : item?.previousElementSibling;
  while (item?.hidden);
  return item;
};
