/** Rows in and out of CSV, in the dialect of PostgreSQL's COPY: an empty field is null, `""` an empty text. */

/** @returns {Record<string, string>[]} one object a record, by the names of the header line */
export function parseCsv(text) {
  const [header, ...records] = parseRecords(text);
  return records.map((fields) => Object.fromEntries(header.map((name, i) => [name, fields[i]])));
}

/** @returns {string[][]} */
function parseRecords(text) {
  const records = [];
  let record = [];
  let at = 0;
  while (at < text.length) {
    let field = '';
    if (text[at] === '"') {
      at++;
      for (;;) {
        const quote = text.indexOf('"', at);
        field += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
        at++;
      }
    } else {
      const start = at;
      while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at++;
      field = text.slice(start, at);
    }
    record.push(field);
    if (text[at] === ',') {
      at++;
      if (at < text.length && text[at] !== '\n') continue;
      record.push('');
    }
    if (text[at] === '\r') at++;
    at++;
    records.push(record);
    record = [];
  }
  return records;
}

/** @returns {string} */
export function formatCsv(columns, rows) {
  const lines = [columns.join(',')];
  for (const row of rows) lines.push(columns.map((column) => formatField(row[column])).join(','));
  return `${lines.join('\n')}\n`;
}

function formatField(value) {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
