// How are elements, numbers, moments and marks written?

const GLYPHS = { crash: "✗", restart: "↻", drop: "⊘" };
const PLURALS = { crash: "crashes", restart: "restarts", drop: "drops", span: "spans", trace: "traces" };
const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]];

const make = (tag, name, ...content) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...content.filter((part) => part !== null && part !== undefined));
  return element;
};

const named = (name) => name || "(no name)";

const count = (number, noun) => `${number.toLocaleString("en")} ${number === 1 ? noun : PLURALS[noun]}`;

// The same three digits as duration.py.
const duration = (nanoseconds) => {
  const seconds = Math.round(nanoseconds / 1e9);
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  if (seconds >= 86400) return `${Math.floor(seconds / 86400)}d ${two((seconds % 86400) / 3600)}h`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}h ${two((seconds % 3600) / 60)}m`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const [size, unit] = UNITS.find(([size]) => nanoseconds >= size * 0.9995) ?? [];
  return unit ? `${(nanoseconds / size).toPrecision(3)} ${unit}` : `${Math.round(Math.max(0, nanoseconds))} ns`;
};

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false };
const timeOfDay = new Intl.DateTimeFormat(undefined, CLOCK);
const dateAndTime = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", ...CLOCK });

const badges = (trace, { inWords }) => {
  const shown = Object.keys(GLYPHS).filter((mark) => trace.marks[mark] && (inWords || mark !== "drop"));
  return make("span", "marks", ...shown.map((mark) => {
    const number = trace.marks[mark];
    const badge = make("span", mark, `${GLYPHS[mark]} ${inWords ? count(number, mark) : number}`);
    badge.title = count(number, mark);
    return badge;
  }));
};
