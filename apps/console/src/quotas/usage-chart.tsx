import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatCompact } from '../components/format.js';
import styles from './quotas.module.css';
import type { UsagePoint } from './quotas.query.js';

interface UsageChartProps {
  points: readonly UsagePoint[];
  stepSeconds: number;
  /** Requests a second that are admitted. */
  limit: number | null;
}

const height = 220;

/** Requests a second over time, admitted and throttled, against the limit. Loaded only when it is shown. */
export default function UsageChart({ points, stepSeconds, limit }: UsageChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const scheme = useComputedColorScheme('light');
  const data: uPlot.AlignedData = [
    points.map(({ at }) => new Date(at).getTime() / 1_000),
    points.map(({ requests }) => requests / stepSeconds),
    points.map(({ throttled }) => throttled / stepSeconds),
    points.map(({ p99Ms }) => p99Ms),
  ];
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const host = element.current;
    if (!host) return;
    const plot = new uPlot(optionsFor(host, limit), latest.current, host);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      plot.destroy();
      chart.current = undefined;
    };
  }, [scheme, limit]);

  useEffect(() => {
    chart.current?.setData(latest.current);
  }, [points]);

  return (
    <div ref={element} className={styles['chart']} role="img" aria-label="Requests a second over time" />
  );
}

function optionsFor(host: HTMLElement, limit: number | null): uPlot.Options {
  const token = (name: string) => getComputedStyle(host).getPropertyValue(name).trim();
  const axis = {
    stroke: token('--td-faint'),
    grid: { stroke: token('--td-line'), width: 1 },
    ticks: { show: false },
    font: '11px sans-serif',
  };
  const perSecond = (_: uPlot, value: number | null) => (value === null ? '—' : `${formatCompact(value)}/s`);
  return {
    width: host.clientWidth,
    height,
    cursor: { y: false, points: { size: 6 } },
    legend: { live: true },
    scales: {
      y: { range: (_, __, max) => [0, Math.max(1, max * 1.12)] },
      ms: { range: (_, __, max) => [0, Math.max(1, max * 1.6)] },
    },
    axes: [
      { ...axis, grid: { show: false } },
      { ...axis, size: 46, values: (_, values) => values.map((value) => formatCompact(value)) },
      {
        ...axis,
        scale: 'ms',
        side: 1,
        size: 52,
        grid: { show: false },
        values: (_, values) => values.map((value) => `${formatCompact(value)} ms`),
      },
    ],
    series: [
      {},
      {
        label: 'Requests',
        stroke: token('--td-accent'),
        fill: token('--td-accent-soft'),
        width: 1.6,
        points: { show: false },
        value: perSecond,
      },
      {
        label: 'Throttled',
        stroke: token('--td-bad'),
        fill: token('--td-bad-soft'),
        width: 1.4,
        points: { show: false },
        value: perSecond,
      },
      {
        label: 'p99',
        scale: 'ms',
        stroke: token('--td-hybrid'),
        width: 1,
        dash: [4, 3],
        points: { show: false },
        value: (_, value) => (value === null ? '—' : `${formatCompact(value)} ms`),
      },
    ],
    hooks: limit === null ? {} : { draw: [(plot) => drawLimit(plot, limit, token('--td-dedicated'))] },
  };
}

/** A line at the admitted rate, where it is in view. */
function drawLimit(plot: uPlot, limit: number, colour: string): void {
  const y = plot.valToPos(limit, 'y', true);
  const { left, top, width } = plot.bbox;
  if (y < top) return;
  plot.ctx.save();
  plot.ctx.strokeStyle = colour;
  plot.ctx.setLineDash([6, 4]);
  plot.ctx.beginPath();
  plot.ctx.moveTo(left, y);
  plot.ctx.lineTo(left + width, y);
  plot.ctx.stroke();
  plot.ctx.restore();
}
