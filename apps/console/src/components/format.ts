const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const compactNumbers = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const formatNumber = (value: number): string => numbers.format(value);
export const formatCompact = (value: number): string =>
  Math.abs(value) < 10_000 ? numbers.format(value) : compactNumbers.format(value);

/** `1 tenant`, `1,200 tenants`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatNumber(count)} ${count === 1 ? one : many}`;

/** Of a fraction between 0 and 1. */
export const formatPercent = (fraction: number): string => `${numbers.format(fraction * 100)} %`;

/** In binary units, as files are measured. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${numbers.format(bytes / 1_024 ** power)} ${units[power]}`;
}

/** `PROVISIONING` as people read it. */
export function sentence(constant: string): string {
  const words = constant.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Length of a span of time in two units at most. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${seconds < 10 ? numbers.format(seconds) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return whole % 60 > 0 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
}

/** How long ago, or in how long, roughly. */
export function formatRelative(at: string, now: number): string {
  const past = now - new Date(at).getTime();
  const size = Math.abs(past);
  if (size < 45_000) return past >= 0 ? 'just now' : 'in a moment';
  const steps: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ];
  const [unit, name] = steps.find(([length]) => size >= length) ?? [60_000, 'min'];
  const amount = `${Math.max(1, Math.round(size / unit))} ${name}`;
  return past >= 0 ? `${amount} ago` : `in ${amount}`;
}

const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
export const formatLocal = (at: string): string => local.format(new Date(at));
export const formatUtc = (at: string): string => `${at.slice(0, 19).replace('T', ' ')} UTC`;
