/** Readers of address parameters: what does not fit is dropped, never an error. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length > 0
    ? value
    : typeof value === 'number'
      ? String(value)
      : undefined;

/** Up to a hundred of them. */
export const texts = (value: unknown): string[] | undefined => {
  const all = (Array.isArray(value) ? value : [value]).flatMap((one) => text(one) ?? []);
  return all.length > 0 ? all.slice(0, 100) : undefined;
};

export const oneOf =
  <Value extends string>(options: readonly Value[]) =>
  (value: unknown): Value | undefined =>
    options.find((option) => option === value);

export const someOf =
  <Value extends string>(options: readonly Value[]) =>
  (value: unknown): Value[] | undefined => {
    const given = Array.isArray(value) ? value : [value];
    const known = options.filter((option) => given.includes(option));
    return known.length > 0 ? known : undefined;
  };

/** As `someOf`, but an empty choice is a choice. */
export const manyOf =
  <Value extends string>(options: readonly Value[]) =>
  (value: unknown): Value[] | undefined =>
    Array.isArray(value) ? options.filter((option) => value.includes(option)) : undefined;

type Readers = Record<string, (value: unknown) => unknown>;

/** Makes a route's `validateSearch` of the reader of each of its parameters. */
export function searchOf<Shape extends Readers>(readers: Shape) {
  return (search: Record<string, unknown>): { [Name in keyof Shape]?: ReturnType<Shape[Name]> } => {
    const read = Object.entries(readers).map(([name, reader]) => [name, reader(search[name])] as const);
    return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as never;
  };
}
