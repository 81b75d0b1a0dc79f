// The charts. The table holds the same numbers, as their alternative in text.

const CHART_ROWS = 40;
const WIDEST = 760; // pixels
const NARROW = 500;
const tick = (share) => percent(share, 0);

/** y positions are row ids, so that two rows of one title stay two. */
function byRow(rows) {
  const titles = new Map(rows.map((row) => [row.id, row.title.length > 24 ? `${row.title.slice(0, 23)}…` : row.title]));
  return { domain: rows.map((row) => row.id), tickFormat: (id) => titles.get(id), label: null, tickSize: 0 };
}

function intervalPlot(rows, width) {
  const scored = rows.filter((row) => row.macro).slice(0, CHART_ROWS);
  const bounded = scored.filter((row) => row.macro.low !== null);
  return picture({
    ariaLabel: "Macro accuracy and its interval, row by row", width, height: 72 + 20 * scored.length, marginLeft: 170,
    x: { label: "macro accuracy, %", tickFormat: tick, grid: true }, y: byRow(scored),
    marks: [
      Plot.ruleX(scored.some((row) => row.macro.value < 0.6) ? [0.5] : [], { strokeDasharray: "3 3" }),
      Plot.ruleY(bounded, { x1: (row) => row.macro.low, x2: (row) => row.macro.high, y: "id", strokeWidth: 2 }),
      Plot.dot(scored, { x: (row) => row.macro.value, y: "id", r: 4, fill: (row) => (row.standing ? "var(--accent)" : "var(--quiet)"), tip: { fill: "var(--raised)" }, title: describe }),
    ],
  });
}

function sizePlot(rows, width) {
  const sized = rows.filter((row) => row.macro && row.parameters > 0);
  return picture({
    ariaLabel: "Macro accuracy against number of parameters", width, height: 340, marginLeft: 50,
    x: { type: "log", label: "parameters", tickFormat: (count) => size(count).replace(".0", ""), grid: true, ticks: width < NARROW ? 2 : 5 }, y: { label: "macro accuracy, %", tickFormat: tick, grid: true },
    marks: [
      Plot.ruleX(sized.filter((row) => row.macro.low !== null), { x: (row) => row.parameters, y1: (row) => row.macro.low, y2: (row) => row.macro.high, strokeOpacity: 0.5 }),
      Plot.dot(sized, { x: (row) => row.parameters, y: (row) => row.macro.value, r: 4, fill: "var(--accent)", tip: { fill: "var(--raised)" }, title: describe }),
    ],
  });
}

function gapPlot(rows, width) {
  const names = [...new Map(rows.filter((row) => Object.keys(row.gains).length).map((row) => [row.name, row])).values()].slice(0, CHART_ROWS / 2);
  const found = names.flatMap((row) => Object.entries(row.gains).map(([adds, gain]) => ({ id: row.id, adds, gain })));
  return picture({
    ariaLabel: "What pictures and text add to macro accuracy", width, height: 82 + 40 * names.length, marginLeft: 170,
    x: { label: "difference in macro accuracy, points", tickFormat: tick, grid: true }, y: { domain: ["pictures", "text"], axis: null },
    fy: { ...byRow(names), padding: 0.3 }, color: { domain: ["pictures", "text"], range: ["var(--accent)", "var(--second)"], legend: true },
    marks: [
      Plot.ruleX([0]),
      Plot.ruleY(found.filter(({ gain }) => gain.low !== null), { x1: ({ gain }) => gain.low, x2: ({ gain }) => gain.high, y: "adds", fy: "id", stroke: "adds", strokeWidth: 2 }),
      Plot.dot(found, { x: ({ gain }) => gain.value, y: "adds", fy: "id", fill: "adds", r: 4 }),
    ],
  });
}

function reliabilityPlot(row) {
  const curve = row.reliability;
  const bins = curve.stated.map((stated, place) => ({ stated, observed: curve.observed[place], pairs: curve.pairs[place] }));
  return picture({
    ariaLabel: "Share of pairs in order against the probability stated", width: 320, height: 300, marginLeft: 50,
    x: { domain: [0, 1], label: "stated, %", tickFormat: tick }, y: { domain: [0, 1], label: "observed, %", tickFormat: tick, grid: true },
    r: { range: [1.5, 9] },
    marks: [
      Plot.line([[0, 0], [1, 1]], { strokeDasharray: "3 3" }),
      Plot.line(bins, { x: "stated", y: "observed", stroke: "var(--accent)" }),
      Plot.dot(bins, { x: "stated", y: "observed", r: "pairs", fill: "var(--accent)" }),
    ],
  });
}

/** A chart is one picture to a screen reader: its name says what it shows, the table says the numbers. */
function picture(options) {
  const drawn = Plot.plot({ style: { fontSize: "12px" }, marginBottom: 42, ...options });
  for (const group of drawn.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
  for (const part of [drawn, ...drawn.querySelectorAll("svg")])
    if (part.matches("svg")) part.setAttribute(...(part.ariaLabel ? ["role", "img"] : ["aria-hidden", "true"]));
  return drawn;
}

const describe = (row) => `${titled(row)}\n${percent(row.macro.value)} % [${span(row.macro)}]`;

const CHARTS = {
  intervals: [intervalPlot, (rows) => rows.some((row) => row.macro)],
  sizes: [sizePlot, (rows) => rows.some((row) => row.macro && row.parameters > 0)],
  gaps: [gapPlot, (rows) => rows.some((row) => Object.keys(row.gains).length)],
};

function drawCharts(rows) {
  const places = Object.entries(CHARTS).map(([id, [plot, possible]]) => {
    const place = document.getElementById(id);
    place.hidden = !possible(rows);
    return [place, plot];
  });
  // A figure has its width only once it is known which figures share the line.
  for (const [place, plot] of places)
    if (!place.hidden) place.querySelector("div").replaceChildren(plot(rows, Math.min(WIDEST, place.clientWidth)));
}
