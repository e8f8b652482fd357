import {
  ConflictError,
  Database,
  databaseRefusal,
  InvalidInputError,
  rowsOf,
  type Transaction,
} from '#platform';
import { type Actor, systemActor } from './actor.js';
import { type Change, contentDigest } from './change.js';
import { recordChange } from './change-log.js';

/** What a domain service needs to change something: its transaction, and a way to record what it did. */
export interface Command {
  readonly tx: Transaction;
  readonly actor: Actor;
  /** Writes audit event and revision in this transaction; every change of state calls it once. */
  record(change: Change): Promise<number>;
}

/** Idempotency of one mutation: who asked for what under which key. */
export interface CommandKey {
  clientMutationId?: string | null | undefined;
  input: unknown;
}

/**
 * The one way in. Every change of state, whoever asks for it, runs in a command: one transaction that holds the new
 * state, its audit event, its revision and, for a mutation with an idempotency key, its answer.
 */
export class Commands {
  constructor(private readonly database: Database) {}

  /**
   * Runs a command of a user. With a `clientMutationId` a repetition gives the first answer and changes nothing.
   * The answer must be plain JSON, since a repetition reads it back from the receipt.
   * @throws ConflictError IDEMPOTENCY_KEY_REUSED if the key came before with another input.
   */
  async run<T>(actor: Actor, key: CommandKey, work: (command: Command) => Promise<T>): Promise<T> {
    const id = key.clientMutationId;
    if (id === null || id === undefined) return this.#transaction(actor, work);
    if (id.length < 1 || id.length > 200) {
      throw new InvalidInputError('clientMutationId must have 1 to 200 characters.', {
        field: 'clientMutationId',
      });
    }
    const digest = contentDigest(key.input);
    return this.#transaction(actor, async (command) => {
      const { tx } = command;
      const fresh = await rowsOf(
        tx,
        `insert into mutation_receipt (actor_id, key, input_digest) values ($1, $2, $3)
         on conflict do nothing returning key`,
        [actor.id, id, digest],
      );
      if (fresh.length === 0) return answerBefore<T>(tx, actor.id, id, digest);
      const answer = await work(command);
      await tx.query('update mutation_receipt set answer = $3 where actor_id = $1 and key = $2', [
        actor.id,
        id,
        JSON.stringify(answer ?? null),
      ]);
      return answer;
    });
  }

  /** Runs a command of Tierdeck itself, e.g. of a reconciler. */
  async asSystem<T>(part: string, work: (command: Command) => Promise<T>): Promise<T> {
    return this.#transaction(systemActor(part), work);
  }

  async #transaction<T>(actor: Actor, work: (command: Command) => Promise<T>): Promise<T> {
    try {
      return await this.database.transaction((tx) =>
        work({ tx, actor, record: (change) => recordChange(tx, actor, change) }),
      );
    } catch (error) {
      throw databaseRefusal(error) ?? error;
    }
  }
}

async function answerBefore<T>(tx: Transaction, actorId: string, key: string, digest: string): Promise<T> {
  const [receipt] = await rowsOf<{ input_digest: string; answer: T }>(
    tx,
    'select input_digest, answer from mutation_receipt where actor_id = $1 and key = $2',
    [actorId, key],
  );
  if (receipt?.input_digest !== digest) {
    throw new ConflictError(
      'IDEMPOTENCY_KEY_REUSED',
      `clientMutationId "${key}" came before with another input.`,
      {
        field: 'clientMutationId',
        hint: 'Use a new clientMutationId for a new request.',
      },
    );
  }
  return receipt.answer;
}
