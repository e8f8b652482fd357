import type { TenantScope } from '../../../libs/runtime/src/index.js';

/** Items over which writers spread their changes of stock. */
const hotItems = 500;

/** What a numbered write does; the number alone says what, so that the database can be asked about it afterwards. */
type Kind = 'insert' | 'order' | 'receive' | 'change' | 'remove';
const kinds: readonly Kind[] = [
  'insert',
  'order',
  'receive',
  'insert',
  'change',
  'insert',
  'receive',
  'remove',
];

const kindOf = (n: number): Kind => kinds[n % kinds.length] as Kind;
/** A later write changes or removes what an earlier one inserted, some thousand writes before. */
const earlier = (n: number): number =>
  n - (n % kinds.length) - 250 * kinds.length + (kindOf(n) === 'change' ? 0 : 3);
const uuidOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const digestOf = (n: number): string => `d${(n * 2_654_435_761) % 4_294_967_296}`;

/**
 * Numbered writes of one tenant and the memory of which were acknowledged. Inserts, transactions over two tables,
 * increments, updates and deletes: each leaves a trace by which its loss, its doubling or a change is found.
 */
export class WriteJournal {
  /** What each acknowledged write did. */
  readonly #acknowledged = new Map<number, Kind>();

  constructor(private readonly scope: TenantScope) {}

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Performs write `n`. */
  async write(n: number): Promise<void> {
    this.#acknowledged.set(n, await this.#perform(n));
  }

  async #perform(n: number): Promise<Kind> {
    const kind = kindOf(n);
    const target = earlier(n);
    if (kind === 'order') await this.#order(n);
    else if (kind === 'receive') await this.#receive(n);
    else if (kind === 'insert' || !this.#acknowledged.has(target)) return this.#insert(n);
    else if (kind === 'change') {
      const sql = `update idempotency_key set status = coalesce(status, 0) + 1, answer = $2 where key = $1`;
      const { rowCount } = await this.scope.query(sql, [`w${target}`, JSON.stringify({ by: n })]);
      if (rowCount !== 1) throw new Error(`write ${n} found ${rowCount} rows of write ${target}`);
    } else {
      const { rowCount } = await this.scope.query('delete from idempotency_key where key = $1', [
        `w${target}`,
      ]);
      if (rowCount !== 1) throw new Error(`write ${n} found ${rowCount} rows of write ${target}`);
    }
    return kind;
  }

  async #insert(n: number): Promise<Kind> {
    await this.scope.query('insert into idempotency_key (key, request_digest) values ($1, $2)', [
      `w${n}`,
      digestOf(n),
    ]);
    return 'insert';
  }

  #order(n: number): Promise<void> {
    return this.scope.transaction(async (tx) => {
      await tx.query(
        `insert into sales_order (id, account, branch, status, purchase_order, currency, total, cost_total)
         values ($1, 'A1', 'B1', 'ACCEPTED', $2, 'USD', $3, 1)`,
        [uuidOf(n), `w${n}`, n],
      );
      await tx.query(
        `insert into sales_order_line (order_id, line_no, item, qty, list_price, unit_price, line_total, cost, engine)
         select $1, l, 'I1', l, 1, 1, $2, 1, 'bench' from generate_series(1, 2) l`,
        [uuidOf(n), n],
      );
    });
  }

  #receive(n: number): Promise<void> {
    const item = `I${1 + (n % hotItems)}`;
    return this.scope.transaction(async (tx) => {
      await tx.query(
        `insert into stock_movement (id, item, warehouse, kind, on_hand_delta, reference)
         values ($1, $2, 'W1', 'ADJUST', 1, $3)`,
        [uuidOf(n), item, `w${n}`],
      );
      await tx.query(`update stock set on_hand = on_hand + 1 where item = $1 and warehouse = 'W1'`, [item]);
    });
  }

  /** Compares the database with what was acknowledged. @returns a sentence for each kind of difference. */
  async differences(baseOnHand: number): Promise<string[]> {
    const expected = this.#expected();
    const found: string[] = [];
    const compare = (what: string, wanted: ReadonlySet<string>, rows: readonly { text: string }[]): void => {
      const seen = new Set(rows.map(({ text }) => text));
      const lost = [...wanted].filter((text) => !seen.has(text));
      const strange = [...seen].filter((text) => !wanted.has(text));
      if (lost.length > 0) found.push(`${what}: ${lost.length} lost, e.g. ${lost.slice(0, 3).join(', ')}`);
      if (strange.length > 0)
        found.push(
          `${what}: ${strange.length} changed or never acknowledged, e.g. ${strange.slice(0, 3).join(', ')}`,
        );
      if (seen.size !== rows.length) found.push(`${what}: ${rows.length - seen.size} doubled`);
    };
    const read = async (sql: string): Promise<{ text: string }[]> =>
      (await this.scope.transaction((tx) => tx.query<{ text: string }>(sql), { readOnly: true })).rows;
    compare(
      'inserts, changes and removals',
      expected.keys,
      await read(
        `select key || ' ' || request_digest || ' ' || coalesce(status, 0) || ' ' || coalesce(answer->>'by', '') as text
         from idempotency_key where key like 'w%'`,
      ),
    );
    compare(
      'orders',
      expected.orders,
      await read(
        `select o.purchase_order || ' ' || trunc(o.total) || ' ' || string_agg(l.line_no || ':' || l.qty || ':' || trunc(l.line_total), ',' order by l.line_no) as text
         from sales_order o join sales_order_line l on l.order_id = o.id where o.purchase_order like 'w%' group by o.id, o.purchase_order, o.total`,
      ),
    );
    compare(
      'movements of stock',
      expected.movements,
      await read(
        `select reference || ' ' || item || ' ' || on_hand_delta as text from stock_movement where reference like 'w%'`,
      ),
    );
    const sums = new Map<string, number>();
    for (const text of expected.movements) {
      const item = text.split(' ')[1] as string;
      sums.set(item, (sums.get(item) ?? 0) + 1);
    }
    compare(
      'sums of stock',
      new Set([...sums].map(([item, sum]) => `${item} ${baseOnHand + sum}`)),
      await read(
        `select item || ' ' || on_hand as text from stock where on_hand <> ${Math.trunc(baseOnHand)}`,
      ),
    );
    return found;
  }

  #expected(): { keys: Set<string>; orders: Set<string>; movements: Set<string> } {
    const changedBy = new Map<number, number>();
    const inserted: number[] = [];
    const removed = new Set<number>();
    const [orders, movements] = [new Set<string>(), new Set<string>()];
    for (const [n, kind] of this.#acknowledged) {
      if (kind === 'order') orders.add(`w${n} ${n} 1:1:${n},2:2:${n}`);
      else if (kind === 'receive') movements.add(`w${n} I${1 + (n % hotItems)} 1`);
      else if (kind === 'change') changedBy.set(earlier(n), n);
      else if (kind === 'remove') removed.add(earlier(n));
      else inserted.push(n);
    }
    const keys = inserted
      .filter((n) => !removed.has(n))
      .map((n) => `w${n} ${digestOf(n)} ${changedBy.has(n) ? 1 : 0} ${changedBy.get(n) ?? ''}`);
    return { keys: new Set(keys), orders, movements };
  }
}
