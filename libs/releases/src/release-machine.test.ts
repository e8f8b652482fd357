import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GateVerdict } from './gate.js';
import { decide, type Decision, type ReleaseView, type WaveView } from './release-machine.js';
import type { ReleaseStatus, WaveTenantStatus } from './release.js';

interface ModelWave {
  status: WaveView['status'];
  reason: string | null;
  concurrency: number;
  tenants: WaveTenantStatus[];
  /** undefined: the wave has no gate. */
  verdict: GateVerdict | undefined;
  soakOver: boolean;
}

/** A release as the database would hold it, moved by decisions, by people and by the world. */
class Model {
  status: ReleaseStatus = 'RUNNING';
  started: number[] = [];
  migrated = new Set<number>();

  constructor(readonly waves: ModelWave[]) {}

  view(): ReleaseView {
    const index = this.waves.findIndex(({ status }) => status !== 'PASSED' && status !== 'SKIPPED');
    const wave = this.waves[index];
    return {
      status: this.status,
      wave: wave && this.#viewOf(wave, index + 1),
      exposed: this.#named('EXPOSED'),
      unused: this.#named('EXPOSED').length === 0 ? [...this.migrated].map(String) : [],
    };
  }

  #viewOf(wave: ModelWave, position: number): WaveView {
    const named = (status: WaveTenantStatus): string[] =>
      wave.tenants.flatMap((tenant, at) => (tenant === status ? [`${position}:${at}`] : []));
    return {
      position,
      name: `w${position}`,
      status: wave.status,
      reason: wave.reason,
      concurrency: wave.concurrency,
      soakOver: wave.soakOver,
      applying: named('APPLYING'),
      pending: named('PENDING'),
      failed: named('FAILED').length,
      gates: wave.verdict ? [{ kpi: 'margin', verdict: wave.verdict, explanation: 'figures' }] : [],
    };
  }

  #named(wanted: WaveTenantStatus): string[] {
    return this.waves.flatMap((wave, index) =>
      wave.tenants.flatMap((status, at) => (status === wanted ? [`${index + 1}:${at}`] : [])),
    );
  }

  set(id: string, status: WaveTenantStatus): void {
    const [position, at] = id.split(':').map(Number);
    const wave = this.waves[(position ?? 0) - 1];
    if (wave) wave.tenants[at ?? 0] = status;
  }

  apply(decision: Decision): void {
    const wave = 'position' in decision ? this.waves[decision.position - 1] : undefined;
    switch (decision.do) {
      case 'start-wave':
        if (wave) wave.status = 'RUNNING';
        this.started.push(decision.position);
        return;
      case 'apply':
        for (const id of decision.start) {
          this.set(id, 'APPLYING');
          this.migrated.add(decision.position);
        }
        return;
      case 'soak':
        if (wave) wave.status = 'SOAKING';
        return;
      case 'pass':
        if (wave) wave.status = 'PASSED';
        return;
      case 'hold':
        if (wave) Object.assign(wave, { status: 'HELD', reason: decision.reason });
        return;
      case 'fail':
        if (wave) wave.status = 'FAILED';
        this.status = 'ROLLING_BACK';
        return;
      case 'succeed':
        this.status = 'SUCCEEDED';
        return;
      case 'take-back':
        for (const id of decision.tenants) this.set(id, 'ROLLED_BACK');
        return;
      case 'revert':
        for (const id of decision.databases) this.migrated.delete(Number(id));
        return;
      case 'rolled-back':
        for (const id of this.#named('APPLYING')) this.set(id, 'ROLLED_BACK');
        this.status = 'ROLLED_BACK';
        return;
      default:
    }
  }

  /** Something happens that the machine does not decide. */
  happen(event: number): void {
    const wave = this.waves.find(
      ({ status }) => !['PENDING', 'PASSED', 'SKIPPED', 'FAILED'].includes(status),
    );
    const applying = this.#named('APPLYING')[0];
    if (event < 50 && applying && this.status === 'RUNNING') this.set(applying, 'EXPOSED');
    else if (event < 52 && applying) this.set(applying, 'FAILED');
    else if (event < 70 && wave) wave.soakOver ||= wave.status === 'SOAKING' || wave.status === 'HELD';
    else if (event < 85 && wave?.verdict && wave.soakOver) wave.verdict = 'PASS';
    else if (event === 85 && wave?.verdict) wave.verdict = 'FAIL';
    else if (event < 90 && this.status === 'RUNNING') this.status = 'PAUSED';
    else if (event < 98 && this.status === 'PAUSED') this.status = 'RUNNING';
    else if (event === 98 && ['RUNNING', 'PAUSED'].includes(this.status)) this.status = 'ROLLING_BACK';
  }
}

const waveOf = ({ tenants, concurrency, gated }: Shape): ModelWave => ({
  status: tenants === 0 ? 'SKIPPED' : 'PENDING',
  reason: null,
  concurrency,
  tenants: Array.from({ length: tenants }, () => 'PENDING' as const),
  verdict: gated ? 'INCONCLUSIVE' : undefined,
  soakOver: false,
});

interface Shape {
  tenants: number;
  concurrency: number;
  gated: boolean;
}

const shape = fc.record({
  tenants: fc.nat(6),
  concurrency: fc.integer({ min: 1, max: 3 }),
  gated: fc.boolean(),
});
const shapes = fc.array(shape, { minLength: 1, maxLength: 4 });

describe('decide', () => {
  it('keeps order, cap and completeness whatever people and the world do', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(99), { maxLength: 300, size: 'max' }), (waves, events) => {
        const model = new Model(waves.map(waveOf));
        for (const event of events) {
          const before = model.status;
          const decision = decide(model.view());
          model.apply(decision);
          if (decision.do === 'start-wave') {
            const earlier = model.waves.slice(0, decision.position - 1);
            expect(earlier.every(({ status }) => status === 'PASSED' || status === 'SKIPPED')).toBe(true);
          }
          if (decision.do === 'pass') {
            const passed = model.waves[decision.position - 1];
            expect(passed?.tenants.every((status) => status === 'EXPOSED')).toBe(true);
            expect(passed?.verdict ?? 'PASS').toBe('PASS');
            expect(passed?.soakOver).toBe(true);
          }
          if (before === 'PAUSED') expect(['wait', 'fail']).toContain(decision.do);
          for (const wave of model.waves) {
            const applying = wave.tenants.filter((status) => status === 'APPLYING').length;
            expect(applying).toBeLessThanOrEqual(wave.concurrency);
          }
          model.happen(event);
        }
      }),
    );
  });

  it('ends by itself: succeeded when all is good, rolled back with nobody exposed when a gate fails', () => {
    fc.assert(
      fc.property(shapes, fc.option(fc.nat(3), { nil: undefined }), (waves, badWave) => {
        const model = new Model(waves.map(waveOf));
        for (let step = 0; step < 500 && ['RUNNING', 'ROLLING_BACK'].includes(model.status); step++) {
          const decision = decide(model.view());
          model.apply(decision);
          if (decision.do === 'apply') for (const id of decision.run) model.set(id, 'EXPOSED');
          for (const [index, wave] of model.waves.entries()) {
            if (wave.status !== 'SOAKING' && wave.status !== 'HELD') continue;
            if (wave.verdict) wave.verdict = index === badWave ? 'FAIL' : 'PASS';
            wave.soakOver = true;
          }
        }
        const wave = waves[badWave ?? waves.length];
        const bad = badWave !== undefined && wave !== undefined && wave.gated && wave.tenants > 0;
        expect(model.status).toBe(bad ? 'ROLLED_BACK' : 'SUCCEEDED');
        const statuses = model.waves.flatMap(({ tenants }, index) =>
          tenants.map((status) => ({ status, wave: index })),
        );
        for (const { status, wave } of statuses) {
          if (!bad) expect(status).toBe('EXPOSED');
          else expect(status).toBe(wave <= badWave ? 'ROLLED_BACK' : 'PENDING');
        }
        if (bad) expect(model.migrated.size).toBe(0);
      }),
    );
  });

  it('holds with the reason of each gate, and does not repeat itself', () => {
    const wave: WaveView = {
      position: 1,
      name: 'canary',
      status: 'SOAKING',
      reason: null,
      concurrency: 1,
      soakOver: true,
      applying: [],
      pending: [],
      failed: 0,
      gates: [{ kpi: 'margin', verdict: 'INCONCLUSIVE', explanation: '0 of 100 samples.' }],
    };
    const view = (changed: Partial<WaveView>): ReleaseView => ({
      status: 'RUNNING',
      wave: { ...wave, ...changed },
      exposed: [],
      unused: [],
    });
    const reason = 'margin: 0 of 100 samples.';
    expect(decide(view({}))).toEqual({ do: 'hold', position: 1, reason });
    expect(decide(view({ status: 'HELD', reason }))).toEqual({ do: 'wait' });
  });
});
