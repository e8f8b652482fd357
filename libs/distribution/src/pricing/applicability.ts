import type { PriceBreak, PriceRequest, PriceRule } from './price-book.js';

/** Why a rule does not apply to a request, as a sentence for the trace; null if it applies. */
export function whyNotApplicable(rule: PriceRule, request: PriceRequest, quantity: number): string | null {
  const { scope } = rule;
  const { item, account } = request;
  if (scope.item !== undefined && scope.item !== item.sku) return `It is for item ${scope.item}.`;
  if (scope.itemGroup !== undefined && !item.groups.includes(scope.itemGroup)) {
    return `It is for item group ${scope.itemGroup}.`;
  }
  if (scope.account !== undefined && scope.account !== account.code) {
    return 'It is for another account.';
  }
  if (scope.accountClass !== undefined && scope.accountClass !== account.accountClass) {
    return `It is for account class ${scope.accountClass}.`;
  }
  if (scope.accountCategory !== undefined && scope.accountCategory !== account.accountCategory) {
    return `It is for account category ${scope.accountCategory}.`;
  }
  if (scope.buyingGroup !== undefined && scope.buyingGroup !== account.buyingGroup) {
    return `It is for buying group ${scope.buyingGroup}.`;
  }
  if (scope.branch !== undefined && scope.branch !== request.branch) {
    return `It is for branch ${scope.branch}.`;
  }
  if (rule.validFrom !== null && request.at < rule.validFrom) return `It begins on ${rule.validFrom}.`;
  if (rule.validTo !== null && request.at >= rule.validTo) return `It ended on ${rule.validTo}.`;
  if (reachedBreaks(rule, quantity).length === 0) {
    const least = Math.min(...rule.breaks.map((one) => one.minQuantity));
    return Number.isFinite(least) ? `It begins at quantity ${least}.` : 'It has no price.';
  }
  return null;
}

/** The quantity breaks that a quantity of base units reaches. */
export function reachedBreaks(rule: PriceRule, quantity: number): PriceBreak[] {
  return rule.breaks.filter((one) => one.minQuantity <= quantity);
}

/** How narrowly a rule is written: the item before its group, the account before its group before its class. */
export function specificity(rule: PriceRule): number {
  const { scope } = rule;
  return (
    (scope.item === undefined ? 0 : 64) +
    (scope.itemGroup === undefined ? 0 : 32) +
    (scope.account === undefined ? 0 : 16) +
    (scope.buyingGroup === undefined ? 0 : 8) +
    (scope.accountCategory === undefined ? 0 : 4) +
    (scope.accountClass === undefined ? 0 : 2) +
    (scope.branch === undefined ? 0 : 1)
  );
}
