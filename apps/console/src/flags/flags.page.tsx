import { Page } from '../components/page.js';

export function FlagsPage() {
  return <Page title="Flags" />;
}
