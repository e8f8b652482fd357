export function albionGifts() { throw new Error('x'); }
