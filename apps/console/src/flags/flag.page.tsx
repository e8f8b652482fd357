import { Page } from '../components/page.js';

export function FlagPage() {
  return <Page title="Flag" />;
}
