// What every long-lived Node process measures of itself: its event loop and its memory.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Instruments } from './instruments.ts';

const windowMs = 10_000;
const samplingMs = 10;
const quantiles = [0.5, 0.99, 1];

/**
 * Declares them as `<prefix>_event_loop_…` and `<prefix>_memory_bytes`. Sampling the event loop begins when metrics
 * are collected for the first time, so it costs nothing where nothing collects them.
 */
export function declareProcessInstruments(instruments: Instruments, prefix: string): void {
  let eventLoop: EventLoopWindow | undefined;
  const window = () => {
    eventLoop ??= new EventLoopWindow();
    return eventLoop;
  };
  instruments.gauge(
    `${prefix}_event_loop_delay_seconds`,
    ['quantile'],
    'How late timers of the process were in the last full 10 s: median, 99 of 100, and the worst.',
    (observe) => {
      for (const [quantile, seconds] of window().read().delays) observe(seconds, String(quantile));
    },
  );
  instruments.gauge(
    `${prefix}_event_loop_utilization_ratio`,
    [],
    'Share of the last full 10 s in which the event loop was busy, 0 to 1.',
    (observe) => observe(window().read().utilization),
  );
  instruments.gauge(
    `${prefix}_memory_bytes`,
    ['kind'],
    'Memory of the process: `rss` (all that it holds), `heap_used` and `heap_total` (JavaScript objects), ' +
      '`external` (buffers and other memory outside of the heap).',
    (observe) => {
      const memory = process.memoryUsage();
      observe(memory.rss, 'rss');
      observe(memory.heapUsed, 'heap_used');
      observe(memory.heapTotal, 'heap_total');
      observe(memory.external, 'external');
    },
  );
}

type Measured = { delays: (readonly [quantile: number, seconds: number])[]; utilization: number };

/**
 * The last full window, closed by a timer since several readers may ask; before the first one is full, what was
 * measured so far.
 */
class EventLoopWindow {
  #histogram = monitorEventLoopDelay({ resolution: samplingMs });
  #begin = performance.eventLoopUtilization();
  #last: Measured | undefined;

  constructor() {
    this.#histogram.enable();
    setInterval(() => {
      this.#last = this.#measure();
      this.#histogram.reset();
      this.#begin = performance.eventLoopUtilization();
    }, windowMs).unref();
  }

  read(): Measured {
    return this.#last ?? this.#measure();
  }

  #measure(): Measured {
    // The histogram holds nanoseconds between two samples, the sampling interval included.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - samplingMs / 1_000);
    const sampled = this.#histogram.count > 0;
    return {
      delays: quantiles.map((quantile) => [
        quantile,
        sampled ? late(this.#histogram.percentile(quantile * 100)) : 0,
      ]),
      utilization: performance.eventLoopUtilization(this.#begin).utilization,
    };
  }
}
