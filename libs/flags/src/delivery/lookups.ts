import { within } from './within.js';

/** Keys of one look-up. */
const maxKeys = 1_000;
/** A database that has not answered after this time, in milliseconds, counts as away. */
const answerMs = 5_000;

interface Question<Value> {
  answer: Promise<Value | undefined>;
  resolve: (value: Value | undefined) => void;
  reject: (error: unknown) => void;
}

/**
 * Looks keys up in batches, one at a time: what is asked for while one runs goes together into the next, each key once.
 * However many ask, also for what does not exist, the database has one question at a time.
 */
export class Lookups<Value> {
  readonly #questions = new Map<string, Question<Value>>();
  #running = false;

  /** @param load those of the keys that exist. */
  constructor(private readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>) {}

  /** As it is after this call; undefined: there is none. @throws what the database throws. */
  get(key: string): Promise<Value | undefined> {
    let question = this.#questions.get(key);
    if (!question) {
      question = newQuestion();
      this.#questions.set(key, question);
    }
    if (!this.#running) void this.#run();
    return question.answer;
  }

  async #run(): Promise<void> {
    this.#running = true;
    // What is asked for in the same turn goes together.
    await Promise.resolve();
    while (this.#questions.size > 0) {
      const batch = [...this.#questions].slice(0, maxKeys);
      for (const [key] of batch) this.#questions.delete(key);
      try {
        const found = await within(answerMs, this.load(batch.map(([key]) => key)));
        for (const [key, { resolve }] of batch) resolve(found.get(key));
      } catch (error) {
        for (const [, { reject }] of batch) reject(error);
      }
    }
    this.#running = false;
  }
}

function newQuestion<Value>(): Question<Value> {
  let [resolve, reject]: [Question<Value>['resolve'], Question<Value>['reject']] = [never, never];
  const answer = new Promise<Value | undefined>((...both) => ([resolve, reject] = both));
  return { answer, resolve, reject };
}

function never(): void {
  throw new Error('a promise has called back by now');
}
