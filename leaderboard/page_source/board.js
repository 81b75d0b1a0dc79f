// The board's data and what of it is shown. Nothing here touches the page.

const BOARD = JSON.parse(document.getElementById("board").textContent);
const PAGE_ROWS = 50;
const DEFAULTS = {
  set: "0", modality: "", kind: "", isolation: "", size: "", since: "", search: "", sort: "place", down: "", row: "",
};
const SIZES = { small: [0, 1e8], middle: [1e8, 1e9], large: [1e9, Infinity] };

/** Undo page.py's packing: rows come as arrays, accuracies as ten-thousandths. */
function unpack(table) {
  const estimate = (packed) =>
    packed && { value: packed[0] / 1e4, low: packed[1] === null ? null : packed[1] / 1e4, high: packed[2] === null ? null : packed[2] / 1e4 };
  return table.rows.map((packed, place) => {
    const row = Object.fromEntries(table.fields.map((field, index) => [field, packed[index]]));
    row.place = place;
    row.id = `${row.name}/${row.modality}`;
    row.macro = estimate(row.macro);
    row.micro = estimate(row.micro);
    row.categories = Object.fromEntries(table.categories.map((name, index) => [name, estimate(row.categories[index] ?? null)]));
    row.strata = row.strata.map(([stratum, name, found]) => ({ stratum, name, ...estimate(found) }));
    row.isolation = table.isolations[row.isolation];
    row.gaps = table.gaps[row.name] ?? {};
    return row;
  });
}

const TABLES = BOARD.tables.map((table) => ({ ...table, rows: unpack(table) }));

const percent = (share, digits = 1) => (100 * share).toFixed(digits);
const points = (share) => `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
const span = (found) => (found.low === null ? "no interval" : `${percent(found.low)}–${percent(found.high)}`);

/** 1234567 as 1.2M. */
function size(parameters) {
  if (parameters === null) return "";
  for (const [unit, step] of [["T", 1e12], ["B", 1e9], ["M", 1e6], ["k", 1e3]])
    if (parameters >= step) return `${(parameters / step).toFixed(1)}${unit}`;
  return String(parameters);
}

function rank(row) {
  if (!row.standing) return "";
  const [low, high] = row.standing;
  return low === high ? `${low}` : `${low}–${high}`;
}

/** Why a row has no score or no rank, and what a ranked one has not shown. */
function note(row) {
  if (row.failure !== null) return `failed: ${row.failure}`;
  if (!row.standing) return row.unranked ?? "";
  return row.standing[3] ? "" : "not resolvably better than every control";
}

/** Ranks are simultaneous: where they do not overlap, the better one is better. */
function claim(first, second) {
  if (!first.standing || !second.standing || first.modality !== second.modality) return "not compared";
  if (first.standing[1] < second.standing[0]) return "resolvably better";
  if (second.standing[1] < first.standing[0]) return "resolvably worse";
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

/** What a column sorts by; null goes last either way. */
function sortValue(row, key) {
  if (key === "rank") return row.standing ? row.standing[0] : null;
  if (key === "title" || key === "modality" || key === "date") return row[key]?.toLowerCase() ?? null;
  if (key === "macro" || key === "micro") return row[key]?.value ?? null;
  if (key === "place" || key === "parameters") return row[key];
  return row.categories[key]?.value ?? null;
}

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

/** A cell of a spreadsheet that computes nothing, whatever a stranger wrote. */
function csvCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return `"${(/^[=+\-@\t]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

function csv(table, rows) {
  const ends = (found) => (found ? [found.value, found.low, found.high] : ["", "", ""]);
  const three = (name) => [name, `${name} low`, `${name} high`];
  const head = ["set", "submission", "title", "kind", "modality", "rank low", "rank high", "group", ...three("macro"), ...three("micro"),
    ...table.categories.flatMap(three), "parameters", "isolated", "date", "note", "bundle"];
  const lines = rows.map((row) => [
    table.set.title, row.name, row.title, row.kind, row.modality, ...(row.standing?.slice(0, 3) ?? ["", "", ""]), ...ends(row.macro),
    ...ends(row.micro), ...table.categories.flatMap((name) => ends(row.categories[name])), row.parameters, row.isolation.isolated,
    row.date, note(row), row.bundle,
  ]);
  return [head, ...lines].map((line) => line.map(csvCell).join(",")).join("\r\n") + "\r\n";
}
