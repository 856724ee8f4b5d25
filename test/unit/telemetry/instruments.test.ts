import { describe, expect, it } from 'vitest';
import { Instruments } from '../../../lib/telemetry/instruments.ts';
import { startPrometheusText } from '../../../lib/telemetry/metrics.ts';

/** Declares some instruments; the text is read by the one reader of this process. */
function declare(prefix: string) {
  const instruments = new Instruments('test');
  let level = 0;
  instruments.gauge(`${prefix}_level`, ['kind'], 'A level.', (tell) => tell(level, 'a'));
  return {
    instruments,
    requests: instruments.counter(`${prefix}_requests_total`, ['route', 'status'], 'Requests.'),
    plain: instruments.counter(`${prefix}_plain_total`, [], 'Without labels.'),
    seconds: instruments.distribution(`${prefix}_seconds`, ['stage'], 'Times.', [0.1, 1]),
    setLevel: (value: number) => {
      level = value;
    },
  };
}

const linesOf = (text: string, prefix: string) =>
  text.split('\n').filter((line) => line.startsWith(prefix) || line.startsWith(`# TYPE ${prefix}`));

describe('declared instruments', () => {
  it('show what was counted before and after somebody began to collect, and distributions from then on', async () => {
    const { instruments, requests, plain, seconds, setLevel } = declare('late');
    requests.add(2, 'home', '200');
    seconds.record(0.5, 'read');
    const text = await startPrometheusText();
    instruments.start();
    requests.add(1, 'home', '200');
    requests.add(1, 'home', '500');
    seconds.record(0.05, 'read');
    seconds.record(0.5, 'read');
    setLevel(7);
    expect(linesOf(await text(), 'late')).toEqual([
      '# TYPE late_level gauge',
      'late_level{kind="a"} 7',
      '# TYPE late_requests_total counter',
      'late_requests_total{route="home",status="200"} 3',
      'late_requests_total{route="home",status="500"} 1',
      '# TYPE late_plain_total counter',
      'late_plain_total 0',
      '# TYPE late_seconds histogram',
      'late_seconds_count{stage="read"} 2',
      'late_seconds_sum{stage="read"} 0.55',
      'late_seconds_bucket{stage="read",le="0.1"} 1',
      'late_seconds_bucket{stage="read",le="1"} 2',
      'late_seconds_bucket{stage="read",le="+Inf"} 2',
    ]);
    plain.add(1);
    expect(linesOf(await text(), 'late_plain')).toContain('late_plain_total 1');
  });

  it('count once though they are started twice', async () => {
    const { instruments, requests, seconds } = declare('twice');
    const text = await startPrometheusText();
    instruments.start();
    instruments.start();
    requests.add(1, 'home', '200');
    seconds.record(0.5, 'read');
    const lines = linesOf(await text(), 'twice');
    expect(lines).toContain('twice_requests_total{route="home",status="200"} 1');
    expect(lines).toContain('twice_seconds_count{stage="read"} 1');
  });

  it('refuse values that do not fit their labels', () => {
    const { requests } = declare('unfit');
    expect(() => requests.add(1, 'home')).toThrow('the labels are route, status, but the values home');
  });
});

describe('Prometheus text', () => {
  it('is read from one provider, however often it is asked for', async () => {
    const first = await startPrometheusText();
    const { instruments, requests } = declare('once');
    instruments.start();
    requests.add(1, 'home', '200');
    const second = await startPrometheusText();
    expect(linesOf(await second(), 'once')).toEqual(linesOf(await first(), 'once'));
  });
});
