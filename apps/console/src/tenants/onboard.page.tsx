import { Page } from '../components/page.js';

export function OnboardPage() {
  return <Page title="Onboard tenant" />;
}
