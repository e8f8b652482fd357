import type { Client } from 'urql';
import { describeError, type Problem } from '../graphql/describe-error.js';
import {
  flagMatrixQuery,
  type Matrix,
  type MatrixColumn,
  type MatrixDecision,
  type MatrixFlag,
  type MatrixInput,
} from '../flags/matrix.query.js';

export const tileRows = 40;
export const tileColumns = 60;
/** Windows asked for at the same time; more would only queue in the control plane. */
const parallel = 4;
/** Tiles kept: about forty screens. */
const keptTiles = 400;

export type MatrixFilter = Omit<MatrixInput, 'rows' | 'columns'>;

export interface Range {
  from: number;
  /** Exclusive. */
  to: number;
}

interface Tile {
  /** Decisions by row, then by column. */
  cells: (MatrixDecision | undefined)[][];
  stale: boolean;
  version: number;
}

/**
 * The matrix as far as it was looked at: windows of it, read as they come into view, the oldest forgotten. Lives
 * outside of React, so that a tile that arrives renders what shows it and nothing else.
 */
export class MatrixTiles {
  rowCount: number | undefined;
  columnCount: number | undefined;
  problem: Problem | undefined;
  /** Grows with every tile that arrives. */
  version = 0;
  readonly #tiles = new Map<string, Tile>();
  readonly #flags = new Map<number, MatrixFlag>();
  readonly #columns = new Map<number, MatrixColumn>();
  readonly #listeners = new Set<() => void>();
  #wanted: string[] = [];
  readonly #loading = new Set<string>();

  constructor(
    private readonly client: Client,
    private readonly filter: MatrixFilter,
  ) {}

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  flag(row: number): MatrixFlag | undefined {
    return this.#flags.get(row);
  }

  column(column: number): MatrixColumn | undefined {
    return this.#columns.get(column);
  }

  decision(row: number, column: number): MatrixDecision | undefined {
    const tile = this.#tiles.get(tileKey(Math.floor(row / tileRows), Math.floor(column / tileColumns)));
    return tile?.cells[row % tileRows]?.[column % tileColumns];
  }

  /** Version of what is known of a cell's surroundings; 0 if nothing is. */
  versionAt(row: number, column: number): number {
    return (
      this.#tiles.get(tileKey(Math.floor(row / tileRows), Math.floor(column / tileColumns)))?.version ?? 0
    );
  }

  /** Says what is in view: missing tiles of it are read, those that were waiting and left the view are not. */
  show(rows: Range, columns: Range): void {
    const wanted: string[] = [];
    const last = (range: Range, size: number) => Math.max(0, Math.ceil(range.to / size) - 1);
    for (let row = Math.floor(rows.from / tileRows); row <= last(rows, tileRows); row++) {
      for (
        let column = Math.floor(columns.from / tileColumns);
        column <= last(columns, tileColumns);
        column++
      ) {
        wanted.push(tileKey(row, column));
      }
    }
    this.#wanted = wanted;
    this.#load();
  }

  /** Something changed: what is in view is read again, while the old values stay in place. */
  refresh(): void {
    for (const tile of this.#tiles.values()) tile.stale = true;
    this.problem = undefined;
    this.#load();
  }

  #load(): void {
    for (const key of this.#wanted) {
      if (this.#loading.size >= parallel) return;
      const tile = this.#tiles.get(key);
      if (this.#loading.has(key) || (tile && !tile.stale) || this.problem) continue;
      void this.#read(key);
    }
  }

  async #read(key: string): Promise<void> {
    const [row = 0, column = 0] = key.split(':').map(Number);
    this.#loading.add(key);
    try {
      const input = {
        ...this.filter,
        rows: { offset: row * tileRows, limit: tileRows },
        columns: { offset: column * tileColumns, limit: tileColumns },
      };
      const { data, error } = await this.client
        .query(flagMatrixQuery, { input }, { requestPolicy: 'network-only' })
        .toPromise();
      if (error) throw error;
      if (data) this.#keep(key, row * tileRows, column * tileColumns, data.flagMatrix);
    } catch (error) {
      this.problem = describeError(error);
    }
    this.#loading.delete(key);
    this.version++;
    for (const listener of this.#listeners) listener();
    this.#load();
  }

  #keep(key: string, firstRow: number, firstColumn: number, matrix: Matrix): void {
    this.rowCount = matrix.rowCount;
    this.columnCount = matrix.columnCount;
    matrix.columns.forEach((column, index) => this.#columns.set(firstColumn + index, column));
    matrix.rows.forEach(({ flag }, index) => this.#flags.set(firstRow + index, flag));
    const cells = matrix.rows.map((row) => row.cells.map((place) => matrix.decisions[place]));
    this.#tiles.delete(key);
    this.#tiles.set(key, { cells, stale: false, version: this.version + 1 });
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= keptTiles) break;
      if (!this.#wanted.includes(oldest)) this.#tiles.delete(oldest);
    }
  }
}

const tileKey = (row: number, column: number): string => `${row}:${column}`;
