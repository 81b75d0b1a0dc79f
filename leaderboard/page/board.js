// The board's data, and the choice of rows. Nothing here touches the page.
// The records have the fields of leaderboard/webpage.py. tests/leaderboard/test_webpage.py checks each access to a field by
// the name of its variable: `row` is a PageRow, `estimate` an AccuracyEstimate, and so on; its table lists them all.

const BOARD = JSON.parse(document.getElementById("board").textContent);
const PAGE_ROWS = 50;
const DEFAULTS = {
  set: "0", modality: "", kind: "", isolation: "", size: "", since: "", search: "", sort: "place", down: "", row: "",
};
const SIZES = { small: [0, 1e8], middle: [1e8, 1e9], large: [1e9, Infinity] };

/** The tables. Each row gets its isolation, its place in the board's order, and an id that is unique within the table. */
const TABLES = BOARD.tables.map((table) => ({
  ...table,
  rows: table.rows.map((row, place) => ({ ...row, isolation: table.isolations[row.isolation], place, id: `${row.name}/${row.modality}` })),
}));

const percent = (share, digits = 1) => (100 * share).toFixed(digits);
const points = (share) => `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
const span = (estimate) => (estimate.low === null ? "no interval" : `${percent(estimate.low)}–${percent(estimate.high)}`);

const titled = (row) => `${row.title} (${row.modality})`;

/** 1234567 as 1.2M. */
function size(parameters) {
  if (parameters === null) return "";
  for (const [unit, step] of [["T", 1e12], ["B", 1e9], ["M", 1e6], ["k", 1e3]])
    if (parameters >= step) return `${(parameters / step).toFixed(1)}${unit}`;
  return String(parameters);
}

function rank(row) {
  if (!row.standing) return "";
  const { standing } = row;
  return standing.low === standing.high ? `${standing.low}` : `${standing.low}–${standing.high}`;
}

/** Why a row has no score or no rank, or that a ranked one is not resolvably better than the controls. */
function note(row) {
  if (row.failure !== null) return `failed: ${row.failure}`;
  if (!row.standing) return row.unranked.join("; ");
  return row.standing.beats_controls ? "" : "not resolvably better than every control";
}

/** Ranks are simultaneous: where they do not overlap, the better one is better. */
function claim(first, second) {
  if (!first.standing || !second.standing || first.modality !== second.modality) return "not compared";
  if (first.standing.high < second.standing.low) return "resolvably better";
  if (second.standing.high < first.standing.low) return "resolvably worse";
  return "not resolved";
}

const FILTERS = {
  modality: (row, wanted) => row.modality === wanted,
  kind: (row, wanted) => (wanted === "failed" ? row.failure !== null : row.failure === null && row.kind === wanted),
  isolation: (row, wanted) => row.isolation.isolated === (wanted === "isolated"),
  size: (row, wanted) => row.parameters !== null && row.parameters >= SIZES[wanted][0] && row.parameters < SIZES[wanted][1],
  since: (row, wanted) => row.date !== null && row.date >= wanted,
  search: (row, wanted) => [row.title, row.name, ...row.authors].join(" ").toLowerCase().includes(wanted.toLowerCase()),
};

const SORTS = {
  place: (row) => row.place,
  rank: (row) => row.standing?.low ?? null,
  title: (row) => row.title.toLowerCase(),
  modality: (row) => row.modality,
  date: (row) => row.date,
  macro: (row) => row.macro?.value ?? null,
  micro: (row) => row.micro?.value ?? null,
  parameters: (row) => row.parameters,
};

/** The value that a column, or a category, sorts by; null goes last either way. */
const sortValue = (row, key) => (Object.hasOwn(SORTS, key) ? SORTS[key](row) : row.categories[key]?.value ?? null);

function compareRows(first, second, key, down) {
  const [a, b] = [sortValue(first, key), sortValue(second, key)];
  if (a === null || b === null) return (a === null) - (b === null) || first.place - second.place;
  const order = a < b ? -1 : a > b ? 1 : 0;
  return (down ? -order : order) || first.place - second.place;
}

/** The rows that pass every filter, in the order asked for. */
function visible(state) {
  const filters = Object.entries(FILTERS).filter(([name]) => state[name]);
  return TABLES[state.set].rows
    .filter((row) => filters.every(([name, passes]) => passes(row, state[name])))
    .sort((a, b) => compareRows(a, b, state.sort, state.down));
}

/** Values from outside the page's own controls, as an address holds them, are checked before use. */
function readState(hash) {
  const state = { ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(hash.replace(/^#/, ""))) };
  if (!TABLES[state.set]) state.set = DEFAULTS.set;
  if (!Object.hasOwn(SIZES, state.size)) state.size = "";
  if (!/^\d{4}-\d{2}-\d{2}$/.test(state.since)) state.since = "";
  return state;
}

function writeState(state) {
  const changed = Object.entries(DEFAULTS).filter(([key, value]) => state[key] !== value).map(([key]) => [key, state[key]]);
  return `#${new URLSearchParams(changed)}`;
}

/** A cell of a spreadsheet. The words of a stranger are never taken for a formula. */
function csvCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return `"${(/^[=+\-@\t]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

function csv(table, rows) {
  const ends = (estimate) => (estimate ? [estimate.value, estimate.low, estimate.high] : ["", "", ""]);
  const ranks = (standing) => (standing ? [standing.low, standing.high, standing.group] : ["", "", ""]);
  const three = (name) => [name, `${name} low`, `${name} high`];
  const head = ["set", "submission", "title", "kind", "modality", "rank low", "rank high", "group", ...three("macro"), ...three("micro"),
    ...table.categories.flatMap(three), "parameters", "isolated", "date", "note", "bundle"];
  const lines = rows.map((row) => [
    table.title, row.name, row.title, row.kind, row.modality, ...ranks(row.standing), ...ends(row.macro),
    ...ends(row.micro), ...table.categories.flatMap((name) => ends(row.categories[name])), row.parameters, row.isolation.isolated,
    row.date, note(row), row.bundle,
  ]);
  return [head, ...lines].map((line) => line.map(csvCell).join(",")).join("\r\n") + "\r\n";
}
