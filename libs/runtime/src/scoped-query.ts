import { createRequire } from 'node:module';
import { Query, type ClientBase, type QueryResult } from 'pg';

/** pg's own conversion of parameters to the wire; exported only under this path and without types. */
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as {
  prepareValue(this: void, value: unknown): string | Buffer | null;
};

/** One statement of the extended protocol. With a name it is prepared once per connection. */
export interface Statement {
  name: string;
  text: string;
  values: readonly unknown[];
}

/** The parts of pg's connection that a query speaks to; @types/pg describes an older form of them. */
interface Wire {
  stream: { cork(): void; uncork(): void };
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: readonly (string | Buffer | null)[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: undefined): void;
  sync(): void;
}

interface RowDescription {
  fields: readonly unknown[];
}

/**
 * Columns of prepared statements, by connection and name, so that they are asked for once. PostgreSQL refuses to
 * execute a prepared statement whose columns have changed, so what is kept here is never out of date.
 */
const described = new WeakMap<Wire, Map<string, RowDescription>>();

type Settle = (error: Error | null, result?: QueryResult) => void;

/** The parts of pg's own query that the subclass below builds upon. */
interface PgQuery {
  name: string | undefined;
  text: string;
  callback: Settle;
  submit(connection: unknown): Error | null;
  handleRowDescription(message: RowDescription): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Wire): void;
  handleEmptyQuery(connection: Wire): void;
  handleError(error: Error, connection: Wire): void;
}
const PgQuery = Query as unknown as new (config: {
  text: string;
  name: string;
  values: unknown[];
}) => PgQuery;

/**
 * A query with statements ahead of it (BEGIN, the tenant's context), all sent at once and closed by one Sync: one
 * round trip, and without a BEGIN one implicit transaction, so that the tenant's context holds for the query and
 * ends with it. The results of the statements ahead are dropped; an error in any of them fails the query.
 */
class PipelinedQuery extends PgQuery {
  /** How many of the statements ahead have completed. */
  #completed = 0;
  readonly #statements: readonly Statement[];
  /** Columns that are known already, so that the server is not asked to describe them. */
  #known: RowDescription | undefined;
  #descriptions: Map<string, RowDescription> | undefined;

  constructor(ahead: readonly Statement[], statement: Statement, settle: Settle) {
    super({ text: statement.text, name: statement.name, values: [] });
    this.#statements = [...ahead, statement];
    this.callback = settle;
  }

  override submit(connection: unknown): Error | null {
    const wire = connection as Wire;
    let values: (string | Buffer | null)[][];
    try {
      // Before anything is sent, so that a value that cannot be written leaves the connection as it was.
      values = this.#statements.map((statement) => statement.values.map((value) => prepareValue(value)));
    } catch (error) {
      return error as Error;
    }
    this.#descriptions = described.get(wire);
    if (!this.#descriptions) described.set(wire, (this.#descriptions = new Map()));
    wire.stream.cork();
    try {
      for (let i = 0; i < this.#statements.length; i++) {
        this.#send(wire, this.#statements[i] as Statement, values[i] ?? []);
      }
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    this.#follow();
    return null;
  }

  override handleRowDescription(message: RowDescription): void {
    if (this.name) this.#descriptions?.set(this.name, message);
    super.handleRowDescription(message);
  }

  override handleDataRow(message: unknown): void {
    if (this.#ahead) return;
    super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Wire): void {
    if (this.#ahead) {
      this.#completed++;
      this.#follow();
      return;
    }
    super.handleCommandComplete(message, connection);
  }

  override handleError(error: Error, connection: Wire): void {
    this.#forget(connection);
    super.handleError(error, connection);
  }

  get #ahead(): boolean {
    return this.#completed < this.#statements.length - 1;
  }

  #send(wire: Wire, statement: Statement, values: readonly (string | Buffer | null)[]): void {
    const { name, text } = statement;
    const known = name !== '' && (wire.parsedStatements[name] ?? wire.submittedNamedStatements[name]);
    if (!known) {
      wire.parse({ name, text });
      if (name !== '') wire.submittedNamedStatements[name] = text;
    }
    wire.bind({ statement: name, values });
    if (statement === this.#statements.at(-1)) {
      this.#known = known ? this.#descriptions?.get(name) : undefined;
      if (!this.#known) wire.describe({ type: 'P' });
    }
    wire.execute(undefined);
  }

  /** pg notes a ParseComplete under the name of its active query: show it the statement that is being answered. */
  #follow(): void {
    const current = this.#statements[this.#completed];
    this.name = current?.name || undefined;
    this.text = current?.text ?? '';
    if (!this.#ahead && this.#known) super.handleRowDescription(this.#known);
  }

  /** What was sent but never confirmed must be parsed again. */
  #forget(wire: Wire): void {
    for (const { name } of this.#statements) delete wire.submittedNamedStatements[name];
  }
}

/** Sends `ahead` and `statement` in one round trip. @returns the result of `statement`. */
export function pipeline(
  client: ClientBase,
  ahead: readonly Statement[],
  statement: Statement,
): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    const settle: Settle = (error, result) => {
      if (error) reject(error);
      else resolve(result as QueryResult);
    };
    client.query(new PipelinedQuery(ahead, statement, settle));
  });
}
