/**
 * The tenant's part of a text that is written like the beginning of a unit key: `contoso/` of `contoso/sea`. Such a text
 * is about the units of a tenant whose slug ends so.
 * @returns undefined for text that may stand in the code of any tenant's unit.
 */
export function keyStart(text: string): string | undefined {
  const start = text.slice(0, text.indexOf('/') + 1);
  return /[a-z][a-z0-9-]+\/$/i.test(start) ? start : undefined;
}

/**
 * The tenant's part with which every text that a pattern matches must begin: `contoso/` of `^contoso/(a|b)$`.
 * @returns undefined if the pattern may match others, or is written in a way that is not looked into.
 */
export function patternStart(pattern: string): string | undefined {
  const tenant = /^\^([a-zA-Z0-9-]+)\\?\/(?![?*{])/.exec(pattern)?.[1];
  return tenant === undefined || hasAlternatives(pattern) ? undefined : `${tenant}/`;
}

/** Whether it is several patterns in one: `^a|b` begins with nothing that is sure. Quotations are not looked into. */
function hasAlternatives(pattern: string): boolean {
  if (pattern.includes(String.raw`\Q`)) return true;
  const bare = pattern.replaceAll(/\\./gs, '').replaceAll(/\[\^?\]?(?:\[:[^\]]*:\]|[^\]])*\]/g, '');
  let depth = 0;
  for (const char of bare) {
    if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}
