/** Longest wait; a condition that never holds must fail its test, not keep the process alive. */
const limitMs = 20_000;

/** Waits until a condition holds. It makes no statement about how long that may take. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`the condition did not come true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
