declare module 'murmurhash3js' {
  const murmurHash3: { x86: { hash32(text: string, seed?: number): number } };
  export default murmurHash3;
}

declare module 'semver' {
  export class SemVer {
    constructor(version: string);
    compare(other: SemVer): -1 | 0 | 1;
  }
  const semver: { SemVer: typeof SemVer };
  export default semver;
}
