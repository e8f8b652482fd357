import { stringify } from 'yaml';
import { CliError } from './cli-error.js';

export const formats = ['table', 'json', 'yaml', 'name'] as const;
export type Format = (typeof formats)[number];

/** A column of a table: its title and how a row's cell reads. */
export type Column<T> = [title: string, cell: (row: T) => unknown];

export function parseFormat(value: string): Format {
  if (!formats.includes(value as Format)) {
    throw new CliError(
      'INVALID_ARGUMENT',
      `"${value}" is no output format.`,
      `One of: ${formats.join(', ')}.`,
    );
  }
  return value as Format;
}

/** Renders rows as data for stdout. `name` gives one name a line, for scripts. */
export function render<T>(
  rows: readonly T[],
  format: Format,
  columns: Column<T>[],
  name: (row: T) => string,
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(rows, null, 2)}\n`;
    case 'yaml':
      return stringify(rows);
    case 'name':
      return rows.map((row) => `${name(row)}\n`).join('');
    case 'table':
      return table(
        columns.map(([title]) => title),
        rows.map((row) => columns.map(([, cell]) => text(cell(row)))),
      );
  }
}

/** Renders one object: as a two-column table, or as the object. */
export function renderOne(value: object, format: Format): string {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  if (format === 'yaml' || format === 'name') return stringify(value);
  return Object.entries(value)
    .map(([key, cell]) => `${key.padEnd(16)} ${text(cell)}\n`)
    .join('');
}

function table(titles: string[], rows: string[][]): string {
  const all = [titles.map((title) => title.toUpperCase()), ...rows];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '—';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
