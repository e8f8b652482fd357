import { sentence } from '../components/format.js';

const titles: Record<string, string> = {
  'tenant.onboard': 'Onboard tenant',
  'tenant.offboard': 'Offboard tenant',
  'tenant.change-placement': 'Change placement',
  'release.roll-out': 'Roll out release',
};

/** `tenant.onboard` as people read it. */
export function operationTitle(kind: string): string {
  return titles[kind] ?? sentence(kind.replaceAll(/[.-]/g, ' '));
}
