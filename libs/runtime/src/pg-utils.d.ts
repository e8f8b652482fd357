/** pg's own conversion of parameters to the wire; exported by pg only under this path and without types. */
declare module 'pg/lib/utils.js' {
  const utils: { prepareValue(value: unknown): string | Buffer | null };
  export default utils;
}
