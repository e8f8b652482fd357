/** What a gate can guard; each is a share of bad outcomes. */
export const kpiTitles: Record<string, string> = {
  margin: 'Order lines sold below cost',
  'order-success': 'Orders that failed by an error of the system',
  'order-acceptance': 'Orders refused for a business reason',
  'fill-rate': 'Order lines not allocated completely',
  'edi-acceptance': 'EDI documents refused',
};

/** Chance of a false alarm that the gates of one wave share: the evidence that stops it is gates / 0.01. */
const waveAlpha = 0.01;

/** Evidence at which a gate of a wave stops the release. */
export const stopsAt = (gates: number): number => gates / waveAlpha;
