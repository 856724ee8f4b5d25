// What a process measures, declared once: name, labels, meaning. The declarations become OpenTelemetry instruments
// when the process starts (`start`), so that they may be module constants: before that, and without a reader, recording
// costs next to nothing.
//
// Names are the ones that Prometheus shows, unit and `_total` included, and are the same over OTLP. Labels hold
// values of closed lists only; never ids, addresses or anything else that a caller can choose.
import {
  type Attributes,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type Observable,
  ValueType,
} from '@opentelemetry/api';

export type Declaration = {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** A sentence for the person who looks at the number. */
  readonly meaning: string;
};

type Series = { readonly attributes: Attributes; value: number };

/**
 * Counts in plain numbers, read when metrics are collected: counting is as cheap as a look-up in a map.
 */
export class Counter {
  readonly #labels: readonly string[];
  readonly #series = new Map<string, Series>();

  constructor(labels: readonly string[]) {
    this.#labels = labels;
    if (labels.length === 0) this.add(0);
  }

  /** @param values one for each label, in their order. */
  add(count: number, ...values: readonly string[]): void {
    const key = values.length === 1 ? (values[0] ?? '') : values.join(' ');
    const series = this.#series.get(key);
    if (series !== undefined) series.value += count;
    else this.#series.set(key, { attributes: labelled(this.#labels, values), value: count });
  }

  series(): Iterable<Series> {
    return this.#series.values();
  }
}

/** A distribution by at most one label, whose values are few. */
export class Distribution {
  readonly #labels: readonly string[];
  readonly #attributes = new Map<string, Attributes>();
  #histogram: Histogram | undefined;

  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }

  start(histogram: Histogram): void {
    this.#histogram = histogram;
  }

  record(value: number, label?: string): void {
    if (this.#histogram === undefined) return;
    if (label === undefined) {
      this.#histogram.record(value);
      return;
    }
    let attributes = this.#attributes.get(label);
    if (attributes === undefined) {
      attributes = labelled(this.#labels, [label]);
      this.#attributes.set(label, attributes);
    }
    this.#histogram.record(value, attributes);
  }
}

/** Observes values, each with the values of its labels, whenever metrics are collected. */
export type ReadSeries = (observe: (value: number, ...values: readonly string[]) => void) => void;

export class Instruments {
  readonly #scope: string;
  readonly #declarations: Declaration[] = [];
  readonly #starters: ((meter: Meter) => void)[] = [];
  #startedOn: MeterProvider | undefined;

  /** @param scope OpenTelemetry's instrumentation scope: `galaxy.gateway`. */
  constructor(scope: string) {
    this.#scope = scope;
  }

  get declarations(): readonly Declaration[] {
    return this.#declarations;
  }

  counter(name: string, labels: readonly string[], meaning: string): Counter {
    const counter = new Counter(labels);
    this.#declare({ name, type: 'counter', labels, meaning }, (meter) => {
      const options = { description: meaning, valueType: ValueType.INT };
      meter.createObservableCounter(name, options).addCallback((result) => {
        for (const { value, attributes } of counter.series()) result.observe(value, attributes);
      });
    });
    return counter;
  }

  /** @param buckets upper bounds, in the unit that the name ends with. */
  distribution(
    name: string,
    labels: readonly string[],
    meaning: string,
    buckets: readonly number[],
  ): Distribution {
    const distribution = new Distribution(labels);
    this.#declare({ name, type: 'histogram', labels, meaning }, (meter) => {
      const advice = { explicitBucketBoundaries: [...buckets] };
      distribution.start(meter.createHistogram(name, { description: meaning, advice }));
    });
    return distribution;
  }

  gauge(name: string, labels: readonly string[], meaning: string, read: ReadSeries): void {
    this.#declare({ name, type: 'gauge', labels, meaning }, (meter) =>
      observe(meter.createObservableGauge(name, { description: meaning }), labels, read),
    );
  }

  /** A counter whose value something else counts. */
  readCounter(name: string, labels: readonly string[], meaning: string, read: ReadSeries): void {
    this.#declare({ name, type: 'counter', labels, meaning }, (meter) =>
      observe(meter.createObservableCounter(name, { description: meaning }), labels, read),
    );
  }

  /** Turns the declarations into instruments of the registered MeterProvider; harmless when called again. */
  start(): void {
    const provider = metrics.getMeterProvider();
    if (this.#startedOn === provider) return;
    this.#startedOn = provider;
    const meter = provider.getMeter(this.#scope);
    for (const starter of this.#starters) starter(meter);
  }

  #declare(declaration: Declaration, starter: (meter: Meter) => void): void {
    this.#declarations.push(declaration);
    this.#starters.push(starter);
  }
}

function observe(instrument: Observable, labels: readonly string[], read: ReadSeries): void {
  instrument.addCallback((result) => {
    read((value, ...values) => result.observe(value, labelled(labels, values)));
  });
}

function labelled(labels: readonly string[], values: readonly string[]): Attributes {
  if (labels.length !== values.length) {
    throw new TypeError(`the labels are ${labels.join(', ') || 'none'}, but the values ${values.join(', ')}`);
  }
  return Object.fromEntries(labels.map((label, index) => [label, values[index]]));
}
