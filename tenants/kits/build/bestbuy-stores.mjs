export function bestbuyStores() { throw new Error('x'); }
