// What do mouse and keyboard do?

const focusRow = () => rows[chosen].focus({ preventScroll: true });

const step = (by, from = chosen + by) => {
  let index = from;
  while (rows[index]?.hidden) index += by;
  if (rows[index]) go(index);
};

const nextMark = () => {
  const { length } = trace.spans;
  for (let index = chosen + 1; index <= chosen + length; index++) {
    const { mark } = trace.spans[index % length];
    if (mark === "crash" || mark === "restart") return go(index % length);
  }
};

const otherTrace = (by) => {
  const item = neighbour(currentItem(), by);
  if (item) location.hash = item.hash;
};

const closeOrLeave = () => {
  const { parent } = trace.spans[chosen];
  if (rows[chosen].getAttribute("aria-expanded") === "true") fold(chosen, true);
  else if (parent !== undefined) go(parent);
};

const openOrEnter = () => {
  if (isFolded(chosen)) fold(chosen, false);
  else if (trace.spans[chosen + 1]?.parent === chosen) go(chosen + 1);
};

const inTree = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  ArrowLeft: closeOrLeave,
  ArrowRight: openOrEnter,
  Home: () => step(1, 0),
  End: () => step(-1, rows.length - 1),
};

const inList = {
  ArrowDown: (item) => neighbour(item, 1)?.focus(),
  ArrowUp: (item) => neighbour(item, -1)?.focus(),
};

const inFilter = {
  ArrowDown: () => parts.list.querySelector(".item:not([hidden])")?.focus(),
};

const anywhere = {
  "[": () => otherTrace(-1),
  "]": () => otherTrace(1),
  "/": () => parts.filter.focus(),
  c: () => nextMark(),
  z: () => zoom(chosen),
  Escape: () => showTimes(wholeTrace()),
};

const onKey = (event) => {
  if (!trace || event.ctrlKey || event.metaKey || event.altKey) return;
  const item = event.target.closest(".item");
  const isTyping = event.target === parts.filter;
  const isInTree = !event.target.closest("a, aside, button, input");
  const act = isTyping ? inFilter[event.key]
    : (item && inList[event.key]) || (isInTree && inTree[event.key]) || anywhere[event.key];
  if (!act) return;
  event.preventDefault();
  act(item);
  if (isInTree && act === inTree[event.key]) focusRow();
};

const onClick = (event) => {
  const row = event.target.closest(".row");
  if (!row) return;
  const index = Number(row.dataset.index);
  if (event.target.closest(".fold") && row.hasAttribute("aria-expanded")) return fold(index, !isFolded(index));
  go(index);
  focusRow();
};

const onDoubleClick = (event) => {
  const row = event.target.closest(".row");
  if (row && !event.target.closest(".fold")) zoom(Number(row.dataset.index));
};
